//! BPF programs that see the packets of a link first.

use super::show::Context;
use crate::out::{Escaped, Out};
use netns_sys::bpf::Program;
use nl_core::Attrs;
use nl_core::route::{xdp, xdp_attached};

impl Context {
    /// The programs that see packets first, a line each.
    pub(super) fn xdp_programs(&self, out: &mut Out, programs: &Attrs<'_>) {
        // JSON has them where it has the mode.
        if out.is_json() {
            return;
        }
        let mode = programs.find(xdp::ATTACHED).and_then(|a| a.u8().ok()).unwrap_or(xdp_attached::NONE);
        let several = [(xdp::SKB_PROG_ID, "generic"), (xdp::DRV_PROG_ID, "drv"), (xdp::HW_PROG_ID, "offload")];
        let several = several.into_iter().filter(|_| mode == xdp_attached::MULTI);
        for (kind, word) in std::iter::once((xdp::PROG_ID, "")).chain(several) {
            if let Some(id) = program(programs, kind).filter(|id| *id != 0 && mode != xdp_attached::NONE) {
                out.text(format_args!("{}    prog/xdp{word} ", self.newline));
                describe(out, id, self.details);
            }
        }
    }
}

/// The id of a program.
fn program(programs: &Attrs<'_>, kind: u16) -> Option<u32> {
    programs.find(kind).and_then(|a| a.u32().ok())
}

/// A program: its id, and what we may know of it.
fn describe(out: &mut Out, id: u32, details: bool) {
    out.field("id", id, format_args!("id {id} "));
    let Ok(program) = Program::get(id) else { return };
    out.field("name", program.name.as_slice(), format_args!("name {} ", Escaped(&program.name)));
    let tag: String = program.tag.iter().map(|b| format!("{b:02x}")).collect();
    out.field("tag", &tag, format_args!("tag {tag} "));
    out.json("jited", u8::from(program.jited));
    out.push(if program.jited { "jited " } else { "" });
    for (key, value, shown) in [
        ("load_time", program.load_time, program.load_time != 0),
        ("created_by_uid", program.uid.into(), program.load_time != 0),
        ("btf_id", program.btf_id.into(), program.btf_id != 0),
    ] {
        if details && shown {
            out.field(key, value, format_args!("{key} {value} "));
        }
    }
}

/// Where programs see packets first, and in JSON which.
pub(super) fn xdp_mode(out: &mut Out, programs: &Attrs<'_>, of_link: bool, details: bool) {
    let mode = programs.find(xdp::ATTACHED).and_then(|a| a.u8().ok()).unwrap_or(xdp_attached::NONE);
    let id = program(programs, xdp::PROG_ID).filter(|id| *id != 0);
    match mode {
        xdp_attached::NONE => return,
        xdp_attached::DRV => out.push("xdp"),
        xdp_attached::SKB => out.push("xdpgeneric"),
        xdp_attached::HW => out.push("xdpoffload"),
        xdp_attached::MULTI => out.push("xdpmulti"),
        mode => out.text(format_args!("xdp[{mode}]")),
    }
    if let Some(id) = id.filter(|_| !of_link) {
        out.text(format_args!("/id:{id}"));
    }
    out.push(" ");
    if !out.is_json() {
        return;
    }
    let shown = |out: &mut Out, id| out.object("prog", |out| describe(out, id, details));
    out.object("xdp", |out| {
        out.json("mode", mode);
        id.iter().for_each(|id| shown(out, *id));
        out.list("attached", |out| {
            let modes = [(xdp::SKB_PROG_ID, xdp_attached::SKB), (xdp::DRV_PROG_ID, xdp_attached::DRV)];
            let modes = modes.into_iter().chain([(xdp::HW_PROG_ID, xdp_attached::HW)]);
            let mut attached: Vec<_> =
                modes.filter_map(|(kind, mode)| Some((program(programs, kind)?, mode))).collect();
            if attached.is_empty() {
                attached.extend(id.map(|id| (id, mode)));
            }
            for (id, mode) in attached {
                out.object("", |out| {
                    out.json("mode", mode);
                    shown(out, id);
                });
            }
        });
    });
}
