//! Services a Click & Drop credit account commonly has, and numbers in the form of UPU S10.

use super::parcelforce;

/// Name printed on the label for a service code; `None` for a code the sandbox does not sell.
pub fn name(code: &str) -> Option<&'static str> {
    if let Some(service) = parcelforce::service(code) {
        return Some(service.name);
    }
    Some(match code {
        "TPN24" | "TRN24" => "Tracked 24",
        "TPS48" | "TRS48" => "Tracked 48",
        "BPL1" | "STL1" => "1st Class",
        "BPL2" | "STL2" => "2nd Class",
        "BPR1" => "1st Class Signed For",
        "BPR2" => "2nd Class Signed For",
        "CRL1" | "CRL24" => "Royal Mail 24",
        "CRL2" | "CRL48" => "Royal Mail 48",
        "SD1" | "SD2" | "SD3" | "SEB" | "SEC" | "SED" => "Special Delivery by 1pm",
        "SD4" | "SD5" | "SD6" => "Special Delivery by 9am",
        "OLA" => "International Standard",
        "OLS" => "International Economy",
        "OTA" | "OTB" => "International Tracked",
        "OTC" | "OTD" => "International Tracked & Signed",
        "DE6" => "International Business Untracked",
        "MPR" => "International Business Tracked",
        other if other.starts_with("SD") || other.starts_with("SE") => "Special Delivery",
        _ => return None,
    })
}

/// True for services that go abroad.
pub fn is_international(code: &str) -> bool {
    parcelforce::service(code).is_some_and(|service| service.abroad)
        || matches!(code, "OLA" | "OLS" | "OTA" | "OTB" | "OTC" | "OTD" | "DE6" | "MPR")
}

/// A number in S10 form: two letters, eight digits, check digit, GB.
pub fn tracking_number(code: &str, serial: u32) -> String {
    let brand = parcelforce::service(code).map(|_| "PB");
    let letters = brand.unwrap_or(match code.get(..2) {
        Some("TP" | "TR") => "TT",
        Some("SD" | "SE") => "SD",
        Some("OT" | "MP") => "LY",
        Some("BP") => "FQ",
        _ => "WX",
    });
    let serial = serial % 100_000_000;
    format!("{letters}{serial:08}{}GB", check_digit(serial))
}

/// UPU S10: weights 8 6 4 2 3 5 9 7, eleven minus the sum modulo eleven, 10 becomes 0, 11 becomes 5.
pub fn check_digit(serial: u32) -> u32 {
    let mut rest = serial;
    let mut sum = 0;
    for weight in [7, 9, 5, 3, 2, 4, 6, 8] {
        sum += weight * (rest % 10);
        rest /= 10;
    }
    match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    }
}
