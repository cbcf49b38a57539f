//! Identifiers: each kind is its own type with its own prefix, so mixing two does not compile and a
//! reader of a log knows what an id names (DESIGN section 2).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A string that is not an id of the kind asked for. Holds no part of the string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a valid id: it must begin with `{prefix}` and go on with letters, digits, `_` or `-`, 96 characters at most"
)]
pub struct InvalidId {
    /// What the id should have begun with.
    pub prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(extend("pattern" = concat!("^", $prefix, "[A-Za-z0-9_-]+$")))]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id as text, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id without its prefix.
            pub fn suffix(&self) -> &str {
                self.0.strip_prefix($prefix).unwrap_or_default()
            }

            /// Puts the prefix before `suffix`.
            ///
            /// # Errors
            /// `InvalidId` when the suffix is empty, too long or holds other than letters, digits, `_`, `-`.
            pub fn from_suffix(suffix: &str) -> Result<Self, InvalidId> {
                Self::try_from(format!("{}{suffix}", $prefix))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                let ok = text.len() <= 96
                    && text.strip_prefix($prefix).is_some_and(|rest| {
                        !rest.is_empty()
                            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
                    });
                if ok { Ok(Self(text)) } else { Err(InvalidId { prefix: $prefix }) }
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A tenant: one seller.
    MerchantId,
    "mer_"
);
id!(
    /// A merchant's account at one channel or carrier.
    ConnectionId,
    "con_"
);
id!(
    /// An order: an HMAC under the merchant's index key of (connection, channel order id), so the same
    /// order always gets the same id and the id says nothing once the key is gone.
    OrderId,
    "ord_"
);
id!(
    /// One line of an order.
    LineId,
    "lin_"
);
id!(
    /// What leaves one warehouse for one order by one service.
    ShipmentId,
    "shp_"
);
id!(
    /// A warehouse.
    WarehouseId,
    "wh_"
);

id!(
    /// A request of a buyer, or of whoever may ask for them: erasure, export or complaint.
    RequestId,
    "req_"
);
id!(
    /// A breach, or what may be one.
    IncidentId,
    "inc_"
);
id!(
    /// A manifest a seller asked for.
    ManifestId,
    "man_"
);
id!(
    /// An address of a merchant's own systems that hears of events.
    SubscriptionId,
    "sub_"
);
id!(
    /// One event on its way to one such address. Sorts by the time of the event.
    DeliveryId,
    "dlv_"
);

impl ShipmentId {
    /// The `n`th shipment of an order; the id names its order so that it can be found by itself.
    pub fn of(order: &OrderId, n: usize) -> Self {
        Self(format!("{}{}-{n}", Self::PREFIX, order.suffix()))
    }

    /// The order this shipment belongs to.
    ///
    /// # Errors
    /// `InvalidId` when the id was not made by [`ShipmentId::of`].
    pub fn order(&self) -> Result<OrderId, InvalidId> {
        let (order, _) = self.suffix().rsplit_once('-').ok_or(InvalidId { prefix: OrderId::PREFIX })?;
        OrderId::from_suffix(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert!("con_12".parse::<MerchantId>().is_err());
        assert!("mer_".parse::<MerchantId>().is_err());
        assert!("mer_a b".parse::<MerchantId>().is_err());
        assert_eq!("mer_12".parse::<MerchantId>().unwrap().suffix(), "12");
    }

    #[test]
    fn a_shipment_names_its_order() {
        let order: OrderId = "ord_00ff".parse().unwrap();
        let shipment = ShipmentId::of(&order, 2);
        assert_eq!(shipment.as_str(), "shp_00ff-2");
        assert_eq!(shipment.order().unwrap(), order);
    }
}
