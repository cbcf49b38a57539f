//! Reading orders from the shop: one, or the keys of those that changed (contract section 3).

use super::wire::{Order, PageInfo};
use super::{Shop, call, gid_tail, map, order_gid, reply};
use crate::Normalised;
use crate::error::{CannotBuild, CannotRead};
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use waybill_domain::exception::Reason;
use waybill_domain::time::sortable;

/// One order, under the names a webhook uses, and no field more than [`map`] keeps. 100 lines keep the query
/// below the 1,000 points one call may cost; of an order with more, only webhooks are read.
const ORDER: &str = "query($id:ID!){order(id:$id){\
admin_graphql_api_id:id name created_at:createdAt updated_at:updatedAt cancelled_at:cancelledAt test \
email phone note \
current_total_price_set:currentTotalPriceSet{shop_money:shopMoney{amount currency_code:currencyCode}} \
customer{first_name:firstName last_name:lastName} \
shipping_address:shippingAddress{name first_name:firstName last_name:lastName company address1 address2 city \
province zip country_code:countryCodeV2 phone} \
shipping_lines:shippingLines(first:5){nodes{code source delivery_category:deliveryCategory}} \
fulfillment_orders:fulfillmentOrders(first:5){nodes{delivery_method:deliveryMethod{method_type:methodType}}} \
line_items:lineItems(first:100){nodes{admin_graphql_api_id:id sku quantity current_quantity:currentQuantity \
fulfillable_quantity:unfulfilledQuantity \
requires_shipping:requiresShipping price_set:originalUnitPriceSet{shop_money:shopMoney{amount}} \
variant{inventory_item:inventoryItem{measurement{weight{value unit}}}}} pageInfo{hasNextPage}}}}";

/// Keys of changed orders, oldest change first.
const CHANGED: &str = "query($q:String!,$after:String){orders(first:50,after:$after,query:$q,sortKey:UPDATED_AT)\
{nodes{id} pageInfo{hasNextPage endCursor}}}";

/// Asks for one order.
///
/// # Errors
/// `CannotBuild` when the key, address or token cannot be sent.
pub fn build_read_order(shop: &Shop, channel_id: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    call(shop, ORDER, &json!({ "id": order_gid(channel_id)? }))
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
    }
    let data: Data = reply::partial(status, body, Reason::Unreadable, |d: &Data| d.order.is_some())?;
    data.order.map(map::normalise).transpose()
}

/// Asks for the keys of orders changed since a moment; `after` is [`Page::next`] of the page before. Start
/// some minutes early: rows move while one pages.
///
/// # Errors
/// `CannotBuild` when the address or token cannot be sent.
pub fn build_list_updated(
    shop: &Shop,
    since: Timestamp,
    after: Option<&str>,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    call(shop, CHANGED, &json!({ "q": format!("updated_at:>='{}'", sortable(since)), "after": after }))
}

/// Some keys, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The channel's keys, oldest change first.
    pub ids: Vec<String>,
    /// Give this as `after` for the next page; `None` on the last.
    pub next: Option<String>,
}

/// Reads a page of keys.
///
/// # Errors
/// `CannotRead` when the shop refuses or a key cannot be understood.
pub fn read_list_updated(status: StatusCode, body: &[u8]) -> Result<Page, CannotRead> {
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
    let Data { orders } = reply::whole(status, body, Reason::Unreadable)?;
    let key = |node: &Node| gid_tail("Order", &node.id).map(str::to_owned);
    let ids: Option<Vec<String>> = orders.nodes.iter().map(key).collect();
    let next = orders.page_info.end_cursor.filter(|_| orders.page_info.has_next_page);
    Ok(Page { ids: ids.ok_or(CannotRead::Field { field: "orders.nodes.id" })?, next })
}
