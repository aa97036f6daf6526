#pragma once

// A schema with constraints of every sort between records, for the tests that refuse and for those that play against a model.

#include "forge/store/store.h"

namespace forge::testing_support {

inline constexpr const char* kConstraintSchema = R"(include "forge.fbs";
enum Status : byte { Placed, Paid, Shipped, Cancelled }
table Customer (resource) { id: string (key); name: string; boss: string (references: "Customer"); }
table Order (resource, key: "shop, number", unique: "slot: day, room where status <> 'Cancelled'", index: "by_sku: sku, qty") {
  shop: string;
  number: int;
  sku: string (tag);
  qty: int = 1 (min: 0, max: 100);
  status: Status (index);
  day: int = null;
  room: int = null;
  customer: string (references: "Customer");
  urgent: bool = null (index);
  doubled: long (computed: "qty * 2");
}
table Line (resource, key: "shop, number, line", references: "order: shop, number -> Order") { shop: string; number: int; line: int; }
table AddCustomer (action: "Customer.add", creates) { name: string; boss: string; }
table EditCustomer (action: "Customer.edit", updates) { boss: string; }
table DropCustomer (action: "Customer.drop", destroys) {}
table PlaceOrder (action: "Order.place", creates) { sku: string; qty: int = 1; day: int = null; room: int = null; customer: string; urgent: bool = null; }
table EditOrder (action: "Order.edit", updates) { sku: string; qty: int = null; status: Status = null; day: int = null; room: int = null; customer: string; urgent: bool = null; }
table DropOrder (action: "Order.drop", destroys) {}
table AddLine (action: "Line.add", creates) {}
table DropLine (action: "Line.drop", destroys) {}
)";

inline ActionRequest request(const char* action, Args args) {
  return {.action = action, .args = std::move(args), .if_version = {}};
}

}  // namespace forge::testing_support
