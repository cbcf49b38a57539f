//! Which addresses of the network are everybody's, and the look-up of names that lets no others through.
//!
//! A merchant names a host, and whoever answers for that name in the DNS says where it leads: to us ourselves, if they
//! like. So the rule is about what was found, and the connection is made to that and to nothing looked up again.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

/// A name that leads, with at least one of its addresses, to where nothing may be sent; or to nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to an address that is not public")]
pub(super) struct NotPublic;

impl NotPublic {
    /// Whether that is what an error comes from.
    pub(super) fn is_behind(error: &(dyn Error + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(error) = next {
            if error.is::<Self>() {
                return true;
            }
            next = error.source();
        }
        false
    }
}

/// Looks a name up, waiting for the answer.
pub(super) type LookUp = fn(&str) -> std::io::Result<Vec<IpAddr>>;

/// As the system does.
pub(super) fn system(name: &str) -> std::io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

/// Finds public addresses and refuses a name that has any other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Public(pub(super) LookUp);

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(find(self.0, name))
    }
}

async fn find(look_up: LookUp, name: Name) -> Result<Addrs, Box<dyn Error + Send + Sync>> {
    let found = tokio::task::spawn_blocking(move || look_up(name.as_str())).await??;
    if !found.iter().all(|address| is_public(*address)) {
        return Err(NotPublic.into());
    }
    Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))))
}

/// Whether an address is anybody's to reach, by IANA's special-purpose registries for IPv4 and IPv6. What carries an
/// IPv4 address inside is judged by that.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match inner(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        // This network; multicast and what is reserved above it, broadcast included.
        || a == 0
        || a >= 224
        // Carriers' own, protocol assignments, relays of 6to4, measuring.
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (18..20).contains(&b));
    !special
}

/// Only 2000::/3 is given out, and of that not protocol assignments (Teredo among them), 6to4 and documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    (a & 0xe000) == 0x2000
        && !(a == 0x2001 && (b < 0x0200 || b == 0x0db8))
        && a != 0x2002
        && !(a == 0x3fff && b < 0x1000)
}

/// The IPv4 address inside one that is mapped (::ffff:0:0/96) or translated (64:ff9b::/96).
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let translated = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    let bits = (u32::from(high) << 16) | u32::from(low);
    address.to_ipv4_mapped().or(translated.then(|| Ipv4Addr::from(bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_or_nobodys_is_not_public() {
        for bad in [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "169.254.170.2",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "3fff::1",
            "100::1",
            "fec0::1",
        ] {
            assert!(!is_public(bad.parse().unwrap()), "{bad}");
        }
        for good in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(is_public(good.parse().unwrap()), "{good}");
        }
    }

    #[tokio::test]
    async fn a_name_is_found_only_where_all_of_its_addresses_are_public() {
        let look_up: LookUp = |name| {
            let found: &[&str] = match name {
                "shop.example" => &["1.1.1.1", "2606:4700:4700::1111"],
                "both.example" => &["1.1.1.1", "169.254.169.254"],
                _ => return Err(std::io::Error::other("no such name")),
            };
            Ok(found.iter().map(|one| one.parse().unwrap()).collect())
        };
        let find = async |name: &str| Public(look_up).resolve(name.parse().unwrap()).await;
        assert_eq!(find("shop.example").await.unwrap().count(), 2);
        let refused = find("both.example").await.err().unwrap();
        assert!(NotPublic::is_behind(refused.as_ref()));
        let lost = find("nobody.example").await.err().unwrap();
        assert!(!NotPublic::is_behind(lost.as_ref()));
    }
}
