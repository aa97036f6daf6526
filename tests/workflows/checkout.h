#pragma once

// The workflow of a shop's checkout, in TOML and in C++.

#include "forge/workflows/workflow.h"

namespace forge {

inline constexpr const char* kCheckoutToml = R"(workflow = "checkout"
on       = { event = "Order.placed", where = "${event.changes.total_cents} > 0", input = { order = "${event.key}" } }
ttl_hops = 8
deadline = "30s"
return   = "ship"
[input]
order   = "string"
channel = { type = "string", default = "web" }
[client.pay]
base_url = "https://pay.example"
headers  = { accept = "application/json" }
auth     = { oauth2 = { token_url = "https://pay.example/token", id = "env:PAY_ID", secret = "env:PAY_SECRET" } }
[step.load]
read   = "Order"
key    = "${input.order}"
not_found = "halt"
[step.reserve]
action = "Stock.reserve"
args   = { sku = "${load.sku}", qty = "${load.qty}" }
undo   = "Stock.release"
[step.charge]
http   = { client = "pay", post = "/charges", json = { order = "${input.order}", cents = "${load.total_cents}" } }
retry  = { max_attempts = 4, backoff = "exponential", first = "200ms", cap = "10s", jitter = true, on = ["timeout", "5xx", "429"] }
compensate = [ { when = "${error.code} = 'card_network_down'", continue = { payment = "manual-review" } }, { when = "${error.code} = 'timeout'", retry = true } ]
[step.ship]
action = "Order.ship"
args   = { id = "${input.order}" }
after  = ["charge"]
where  = "${load.qty} > 0"
)";

// Declares it in `checkout`, which has its name and nothing else.
inline void declare_checkout(Workflow& checkout) {
  checkout
      .set("on", Object{{"event", "Order.placed"},
                        {"where", "${event.changes.total_cents} > 0"},
                        {"input", Object{{"order", "${event.key}"}}}})
      .set("deadline", "30s")
      .input("order", "string")
      .input("channel", Object{{"type", "string"}, {"default", "web"}})
      .client("pay",
              {{"base_url", "https://pay.example"},
               {"headers", Object{{"accept", "application/json"}}},
               {"auth",
                Object{{"oauth2",
                        Object{{"token_url", "https://pay.example/token"}, {"id", "env:PAY_ID"}, {"secret", "env:PAY_SECRET"}}}}}});
  checkout.step("load").read("Order", "${input.order}").set("not_found", "halt");
  checkout.step("reserve").action("Stock.reserve", {{"sku", "${load.sku}"}, {"qty", "${load.qty}"}}).undo("Stock.release");
  checkout.step("charge")
      .http({{"client", "pay"},
             {"post", "/charges"},
             {"json", Object{{"order", "${input.order}"}, {"cents", "${load.total_cents}"}}}})
      .retry({{"max_attempts", 4},
              {"backoff", "exponential"},
              {"first", "200ms"},
              {"cap", "10s"},
              {"jitter", true},
              {"on", List{"timeout", "5xx", "429"}}})
      .compensate({Object{{"when", "${error.code} = 'card_network_down'"}, {"continue", Object{{"payment", "manual-review"}}}},
                   Object{{"when", "${error.code} = 'timeout'"}, {"retry", true}}});
  checkout.step("ship").action("Order.ship", {{"id", "${input.order}"}}).after({"charge"}).where("${load.qty} > 0");
  checkout.returns("ship");
}

}  // namespace forge
