#pragma once

// The domain of most examples: a shop with three resources and seven actions.

#include <string_view>

namespace forge {

inline constexpr std::string_view kShopSchema = R"fbs(include "forge.fbs";
namespace shop;

enum OrderStatus : byte { Placed, Paid, Shipped, Cancelled }

/// Where an order goes.
table Address {
  street: string (required);
  city: string (required);
}

/// What one customer ordered.
/// Paid by card.
table Order (resource, check: "paid_in_full: status = 'Placed' or total_cents > 0") {
  id: string (key);
  sku: string (required);
  /// Pieces.
  qty: int = 1 (check: "qty_positive: qty > 0");
  total_cents: long (check: "total_cents >= 0");
  status: OrderStatus;
  email: string (unique);
  note: string (default: "none");
  discount: int = null;
  address: Address;
  tags: [string];
  old_sku: string (deprecated);
}

table Stock (resource) {
  sku: string (key);
  left: long (check: "left >= 0");
}

table Card (resource) {
  number: ulong (key);
  holder: string (required, unique);
  limit_cents: long = 100000;
}

/// Place an order.
table PlaceOrder (action: "Order.place", creates, event: "Order.placed") {
  id: string;
  sku: string (required);
  qty: int = 1;
  total_cents: long = 0;
  email: string;
  address: Address;
}

table ResizeOrder (action: "Order.resize", updates, event: "Order.resized", require: "status = 'Placed'") {
  qty: short = null;
}

table PayOrder (action: "Order.pay", updates, event: "Order.paid",
                require: "placed: status = 'Placed'; :amount_cents = total_cents or :actor.role = 'clerk'",
                set: "status = 'Paid'") {
  payment: string (required);
  amount_cents: long = 0;
}

table CancelOrder (action: "Order.cancel", updates, event: "Order.cancelled", require: "status in ('Placed','Paid')",
                   set: "status = 'Cancelled'") {}

table DropOrder (action: "Order.drop", destroys) {}

table ReserveStock (action: "Stock.reserve", updates, event: "Stock.reserved", set: "left = left - :qty") {
  qty: long = 1;
}

table PutCard (action: "Card.put", upserts) {
  number: ulong;
  holder: string;
  limit_cents: long = null;
}
)fbs";

}  // namespace forge
