//! Reading orders from the shop: one, or the keys of those that changed (contract section 3).

use super::wire::{Order, PageInfo};
use super::{Shop, call, gid, gid_tail, map, order_gid, reply};
use crate::error::{CannotBuild, CannotRead};
use crate::feed::{Found, Page, Reading, Window};
use crate::lax::is_number;
use crate::writeback::Broke;
use crate::{Normalised, Stamp};
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use waybill_domain::exception::Reason;
use waybill_domain::time::sortable;

/// One order, under the names a webhook uses, and no field more than [`map`] keeps. 100 lines keep the query
/// below the 1,000 points one call may cost; of an order with more, only webhooks are read.
const FIELDS: &str = "admin_graphql_api_id:id name created_at:createdAt updated_at:updatedAt cancelled_at:cancelledAt test \
financial_status:displayFinancialStatus \
email phone note \
current_total_price_set:currentTotalPriceSet{shop_money:shopMoney{amount currency_code:currencyCode}} \
customer{first_name:firstName last_name:lastName} \
shipping_address:shippingAddress{name first_name:firstName last_name:lastName company address1 address2 city \
province zip country_code:countryCodeV2 phone} \
shipping_lines:shippingLines(first:5){nodes{code source delivery_category:deliveryCategory}} \
fulfillment_orders:fulfillmentOrders(first:10){nodes{status delivery_method:deliveryMethod{method_type:methodType}}} \
line_items:lineItems(first:100){nodes{admin_graphql_api_id:id sku quantity current_quantity:currentQuantity \
fulfillable_quantity:unfulfilledQuantity \
requires_shipping:requiresShipping price_set:originalUnitPriceSet{shop_money:shopMoney{amount}} \
variant{inventory_item:inventoryItem{measurement{weight{value unit}}}}} pageInfo{hasNextPage}}";

/// Keys of changed orders, oldest change first.
const CHANGED: &str = "query($q:String!,$after:String){orders(first:50,after:$after,query:$q,sortKey:UPDATED_AT)\
{nodes{id} pageInfo{hasNextPage endCursor}}}";

/// How the fulfillment order stands before the number where it, and not its order, was named.
const WORK: &str = "FulfillmentOrder/";

/// The key under which an order is read when all that is known is the global id of one of its fulfillment orders;
/// `None` when it is no such id.
pub(super) fn by_work(gid: &str) -> Option<String> {
    gid_tail("FulfillmentOrder", gid).map(|number| format!("{WORK}{number}"))
}

/// Asks for one order, by its own key or by [`by_work`].
///
/// # Errors
/// `CannotBuild` when the key, address or token cannot be sent.
pub fn build_read_order(shop: &Shop, channel_id: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    match channel_id.strip_prefix(WORK) {
        Some(number) if is_number(number) => {
            let query =
                format!("query($id:ID!){{fulfillment_order:fulfillmentOrder(id:$id){{order{{{FIELDS}}}}}}}");
            call(shop, &query, &json!({ "id": gid("FulfillmentOrder", number) }))
        }
        _ => {
            let query = format!("query($id:ID!){{order(id:$id){{{FIELDS}}}}}");
            call(shop, &query, &json!({ "id": order_gid(channel_id)? }))
        }
    }
}

/// Reads one order; `None` when the shop has none of that key, or one too old for our scopes. Fields this app
/// is not approved to see are absent, so such an order has no destination.
///
/// The result equals that of a webhook of the same version, but for weights: a webhook tells what the line
/// weighed when it was bought, this what the variant weighs now.
///
/// # Errors
/// `CannotRead` when the shop refuses or the order cannot be understood.
pub fn read_order(status: StatusCode, body: &[u8]) -> Result<Option<Normalised>, CannotRead> {
    #[derive(Deserialize)]
    struct Data {
        order: Option<Order>,
        fulfillment_order: Option<Of>,
    }
    #[derive(Deserialize)]
    struct Of {
        order: Option<Order>,
    }
    let some = |d: &Data| d.order.is_some() || d.fulfillment_order.is_some();
    let data: Data = reply::partial(status, body, Reason::Unreadable, some)?;
    data.order.or(data.fulfillment_order.and_then(|of| of.order)).map(map::normalise).transpose()
}

/// Asks for the keys of orders changed in a window; `next` is [`Page::next`] of the page before. The shop's
/// search index may lag behind its orders, so windows overlap ([`super::OVERLAP`]).
///
/// # Errors
/// `CannotBuild` when the address or token cannot be sent.
pub fn build_changed(
    shop: &Shop,
    window: &Window,
    next: Option<&str>,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let (from, to) = (sortable(window.from), sortable(window.to));
    let query = format!("updated_at:>='{from}' AND updated_at:<='{to}'");
    call(shop, CHANGED, &json!({ "q": query, "after": next }))
}

/// Reads a page of keys.
///
/// # Errors
/// `CannotRead` when the shop refuses or a key cannot be understood.
pub fn read_changed(reply: &Response<Vec<u8>>) -> Result<Page, CannotRead> {
    #[derive(Deserialize)]
    struct Data {
        orders: Changed,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Changed {
        nodes: Vec<Node>,
        page_info: PageInfo,
    }
    #[derive(Deserialize)]
    struct Node {
        id: String,
    }
    let Data { orders } = reply::whole(reply.status(), reply.body(), Reason::Unreadable)?;
    let key = |node: &Node| gid_tail("Order", &node.id).map(|id| Found::Key(id.to_owned()));
    let found: Option<Vec<Found>> = orders.nodes.iter().map(key).collect();
    let next = orders.page_info.end_cursor.filter(|_| orders.page_info.has_next_page);
    Ok(Page { found: found.ok_or(CannotRead::Field { field: "orders.nodes.id" })?, next })
}

/// Reading one order: one call.
pub struct One {
    shop: Shop,
    channel_id: String,
}

impl One {
    /// Will read the order of this key.
    pub fn new(shop: &Shop, channel_id: &str) -> Self {
        Self { shop: shop.clone(), channel_id: channel_id.to_owned() }
    }

    /// The request, then what its reply says: an order that is there and cannot be understood is found unreadable,
    /// so that a person is told of it.
    ///
    /// # Errors
    /// As [`build_read_order`], and as [`read_order`] where the shop refuses.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, _: &Stamp) -> Result<Reading, Broke> {
        let Some(reply) = reply else {
            return Ok(Reading::Send(Box::new(build_read_order(&self.shop, &self.channel_id)?)));
        };
        let found = match read_order(reply.status(), reply.body()) {
            Ok(read) => read.map(|order| Found::Whole(Box::new(order))),
            Err(
                error @ (CannotRead::Shape { .. } | CannotRead::Field { .. } | CannotRead::TooMany { .. }),
            ) => Some(Found::Unreadable { channel_id: self.channel_id.clone(), error }),
            Err(error) => return Err(error.into()),
        };
        Ok(Reading::Over(found))
    }
}
