//! Whether there is a libmnl.

fn main() {
    println!("cargo:rustc-check-cfg=cfg(libmnl)");
    if pkg_config::probe_library("libmnl").is_ok() {
        println!("cargo:rustc-cfg=libmnl");
    }
}
