//! The route family (`NETLINK_ROUTE`, rtnetlink(7)): links, addresses, routes, rules, neighbours
//! and namespace ids. One file a family of objects: fixed header, attributes, typed view.

mod link;
#[expect(clippy::module_inception, reason = "the object is called a route too")]
mod route;

pub use link::*;
pub use route::*;
