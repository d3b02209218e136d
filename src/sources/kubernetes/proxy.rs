//! Which servers are reached without the proxy of the environment.
//!
//! kube compares `NO_PROXY` with the proxy's own host instead of the server's, so that a cluster next door would
//! be looked for through the proxy.
use std::net::IpAddr;

/// Whether `NO_PROXY` or the nature of the host exempts it, by the rules that Go programs follow.
pub(super) fn is_exempt(host: &str, port: u16, list: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    list.split(',').map(str::trim).filter(|rule| !rule.is_empty()).any(|rule| {
        let rule = rule.to_ascii_lowercase();
        if rule == "*" {
            return true;
        }
        if let (Some(address), Some((net, bits))) = (address, rule.split_once('/')) {
            return within(address, net, bits);
        }
        let (name, only) = match rule.rsplit_once(':') {
            Some((name, only)) if !name.contains(':') => (name, only.parse().ok()),
            _ => (&*rule, None),
        };
        if only.is_some_and(|only: u16| only != port) {
            return false;
        }
        // `.example.com` and `*.example.com` are what lies below; `example.com` is itself and what lies below.
        let below = name.trim_start_matches('*').trim_start_matches('.');
        let itself = name == host || (address.is_some() && name.parse().ok() == address);
        itself || host.strip_suffix(below).is_some_and(|rest| !below.is_empty() && rest.ends_with('.'))
    })
}

fn within(address: IpAddr, net: &str, bits: &str) -> bool {
    let (Ok(net), Ok(bits)) = (net.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let same = |address: u128, net: u128, width: u32| match width.checked_sub(bits) {
        Some(rest) => address.checked_shr(rest).unwrap_or(0) == net.checked_shr(rest).unwrap_or(0),
        None => false,
    };
    match (address, net) {
        (IpAddr::V4(address), IpAddr::V4(net)) => same(u32::from(address).into(), u32::from(net).into(), 32),
        (IpAddr::V6(address), IpAddr::V6(net)) => same(address.into(), net.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_next_door_is_reached_without_the_proxy() {
        for (host, list) in [
            ("api.corp.example", "corp.example"),
            ("api.corp.example", "x.example, .corp.example"),
            ("api.corp.example", "*.corp.example"),
            ("api.corp.example", "api.corp.example:6443"),
            ("API.corp.example", "*"),
            ("10.1.2.3", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3"),
            ("[fd00::1]", "fd00::/8"),
            ("127.0.0.1", ""),
            ("localhost", ""),
        ] {
            assert!(is_exempt(host, 6443, list), "{host} by {list}");
        }
    }

    #[test]
    fn a_server_far_away_is_reached_through_it() {
        for (host, list) in [
            ("api.corp.example", ""),
            ("api.corp.example", "corp.example:443"),
            ("notcorp.example", "corp.example"),
            ("corp.example", ".corp.example"),
            ("11.1.2.3", "10.0.0.0/8"),
            ("api.corp.example", "10.0.0.0/8,,nonsense/99"),
        ] {
            assert!(!is_exempt(host, 6443, list), "{host} by {list}");
        }
    }
}
