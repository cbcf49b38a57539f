//! Parcelforce on Click & Drop: the codes an account sees beside Royal Mail's own. Parcel format only; a
//! pay-as-you-go account has codes of its own, whose orders can be made and whose labels cannot be had.

/// One service.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Its code.
    pub code: &'static str,
    /// What is printed on the label.
    pub name: &'static str,
    /// Of a pay-as-you-go account.
    pub pay_as_you_go: bool,
    /// It goes abroad.
    pub abroad: bool,
}

const fn credit(code: &'static str, name: &'static str, abroad: bool) -> Service {
    Service { code, name, pay_as_you_go: false, abroad }
}

const fn paid(code: &'static str, name: &'static str, abroad: bool) -> Service {
    Service { code, name, pay_as_you_go: true, abroad }
}

/// What Click & Drop listed in August 2026.
pub const SERVICES: [Service; 21] = [
    credit("FE0", "express48", false),
    credit("FE1", "express48 Comp 1", false),
    credit("FE2", "express48 Comp 2", false),
    credit("FE3", "express48 Comp 3", false),
    credit("NDA", "express24", false),
    credit("NDB", "express24 Comp 1", false),
    credit("NDC", "express24 Comp 2", false),
    credit("NDE", "express24 Comp 3", false),
    credit("ECA", "globalpriority Europe", true),
    paid("PFE10", "express10", false),
    paid("PFE10SF", "express10 with Signature", false),
    paid("PFE24", "express24", false),
    paid("PFE24SF", "express24 with Signature", false),
    paid("PFE48", "express48", false),
    paid("PFE48SF", "express48 with Signature", false),
    paid("PFEAM", "expressAM", false),
    paid("PFEAMSF", "expressAM with Signature", false),
    paid("PFELG", "Large parcel", false),
    paid("PFELGSF", "Large parcel with Signature", false),
    paid("PFIGPE", "globalpriority Europe", true),
    paid("PFIGX", "globalexpress", true),
];

/// The service with this code.
pub fn service(code: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|one| one.code == code)
}

impl Service {
    /// Whether a package of this format can be booked.
    pub fn takes(&self, format: &str) -> bool {
        match self.pay_as_you_go {
            true => matches!(format, "mediumParcel" | "largeParcel"),
            false => format == "parcel",
        }
    }
}
