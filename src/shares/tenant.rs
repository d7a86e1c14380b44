//! For whom the present task works. It travels with the task, and not through every signature: what is shared lies far
//! below those who know the caller, and it decides nothing but whose turn it is.

use std::{
    cell::Cell,
    net::{IpAddr, Ipv6Addr},
};

use crate::domain::{CustomerId, MerchantId};

/// Who has a share of what is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tenant {
    Merchant(MerchantId),
    Customer(CustomerId),
    /// A caller that is not known otherwise.
    Address(IpAddr),
}

tokio::task_local! {
    static TENANT: Cell<Option<Tenant>>;
}

/// Does `work` for `tenant`, until [`within`] finds out more.
pub async fn serve<F: Future>(tenant: Option<Tenant>, work: F) -> F::Output {
    TENANT.scope(Cell::new(tenant), work).await
}

/// From here on the present task works for `tenant`.
pub fn within(tenant: Tenant) {
    // A task that began outside of a request has nobody to work for.
    let _ = TENANT.try_with(|current| current.set(Some(tenant)));
}

/// For whom the present task works; nobody but this process where it was not said.
pub fn current() -> Option<Tenant> {
    TENANT.try_with(Cell::get).ok().flatten()
}

/// Whose address it is, as far as an address tells: of IPv6, everybody has 2⁶⁴ addresses.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}
