//! From what a channel said to what is stored: ids, digest, blind index, and the recipient cut to need.

use crate::directory::Account;
use waybill_channels::Normalised;
use waybill_domain::aggregate::Lot;
use waybill_domain::intake::Identity;
use waybill_privacy::Recipient;
use waybill_store::StoreError;

/// What [`waybill_store::ingest`] needs besides the order itself.
pub struct Prepared {
    /// Who the order is for us.
    pub who: Identity,
    /// Its recipient, cut to what the merchant's settings need.
    pub recipient: Option<Recipient>,
    /// Blind index of its buyer.
    pub buyer: Option<String>,
    /// The lot its address falls in.
    pub lot: Option<Lot>,
}

/// Prepares a normalised order for storing.
///
/// # Errors
/// `Corrupt` when an id cannot be made; never in practice.
pub fn prepare(account: &Account, normalised: &Normalised) -> Result<Prepared, StoreError> {
    let bad = |_| StoreError::Corrupt("id");
    let incoming = &normalised.incoming;
    let connection = &account.connection.id;
    let order = account.index.order_id(connection, &incoming.channel_ref.id).map_err(bad)?;
    let line = |l: &waybill_domain::intake::IncomingLine| {
        account.index.line_id(&order, &l.channel_line).map_err(bad)
    };
    let lines = incoming.lines.iter().map(line).collect::<Result<_, _>>()?;
    let recipient = normalised.recipient.clone().map(|r| r.minimised(account.merchant.needs));
    let digest = account.index.content(incoming, recipient.as_ref());
    let buyer = normalised.buyer.as_ref().map(|email| account.index.buyer(connection, email));
    let lot = recipient.as_ref().and_then(|who| account.index.lot(who));
    let who = Identity {
        order,
        merchant: account.merchant.id.clone(),
        connection: connection.clone(),
        lines,
        digest,
    };
    Ok(Prepared { who, recipient, buyer, lot })
}
