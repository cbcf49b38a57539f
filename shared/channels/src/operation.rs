//! Kinds of calls, as channels limit them.

/// What a call does. Each channel documents a limit for each; see its `rate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Ask for a page of changed orders.
    Search,
    /// Read one order.
    Read,
    /// Tell tracking.
    WriteBack,
    /// Tell stock.
    Stock,
}

impl Operation {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Search, Self::Read, Self::WriteBack, Self::Stock];

    /// Its name in keys and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Read => "read",
            Self::WriteBack => "write_back",
            Self::Stock => "stock",
        }
    }
}
