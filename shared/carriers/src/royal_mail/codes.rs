//! Royal Mail's service codes, as far as a request depends on them (contracts/royal-mail, service codes of August
//! 2026). The list is no menu: an account has the services it contracted, and may have others.

/// Begins every inland service code of a credit account.
const INLAND: [&str; 10] = ["BPL", "BPR", "SD", "SEA", "SEB", "SEC", "SED", "STL", "TP", "TR"];
/// The services that go abroad.
const ABROAD: [&str; 8] = ["OLA", "OLS", "OTA", "OTB", "OTC", "OTD", "DE6", "MPR"];

/// Whether a service stays in the United Kingdom; `None` for a code we do not know.
pub(super) fn stays_in_the_country(code: &str) -> Option<bool> {
    if ABROAD.contains(&code) {
        return Some(false);
    }
    let inland = INLAND.iter().any(|begin| code.starts_with(begin));
    (inland && !is_pay_as_you_go(code)).then_some(true)
}

/// The codes of a pay-as-you-go account: orders can be made by API, labels cannot be had.
pub(super) fn is_pay_as_you_go(code: &str) -> bool {
    code.contains("OLP")
}

/// The formats of a pay-as-you-go account.
pub(super) fn is_pay_as_you_go_format(format: &str) -> bool {
    matches!(format, "smallParcel" | "mediumParcel" | "largeParcel")
}
