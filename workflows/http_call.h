#pragma once

// A step's request as it is to be made, and what its response is to the step. Pure, but for the secrets that are read.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "egress.h"
#include "forge/workflows/http.h"
#include "host_gate.h"
#include "step_work.h"
#include "url.h"

namespace forge::internal {

// How a client's access token is got.
struct TokenSource {
  std::string token_url;
  std::string id;
  std::string secret;
  std::string scope;
  // What makes tokens the same: all of the above as the definition names it.
  std::string name;
};

struct HttpCall {
  std::string client;  // its name; empty without one
  std::string method;
  Url url;
  std::vector<HttpHeader> headers;         // of the step, and of Forge
  std::vector<HttpHeader> client_headers;  // of the client, with its credentials: for its own origin only
  std::optional<TokenSource> token;
  std::string token_header;  // empty: Authorization, as a bearer token
  std::string body;
  std::vector<std::string> secrets;  // that may come back
  std::chrono::microseconds timeout{0};
  HostLimits limits;
};

// The call of an attempt; of a map, the one that gets its next page. `client` is null without one. Errors: kArgumentType,
// kArgumentRange, kArgumentMissing; those of `find_service`.
Result<HttpCall> make_call(const fb::HttpStepT& http, const fb::ClientT* client, const Work& work, const HttpOptions& options);

// What an answer is to the step: {status, headers, body} of a 2xx, else an error with the status as its code.
WorkOutcome outcome_of(const HttpCall& call, const HttpAnswer& answer, Time now);
// The items of a page, with the cursor of the next, out of the outcome of its call.
WorkOutcome page_of(const fb::MapStepT& map, const Work& work, WorkOutcome outcome);

// "POST https://pay.example/charges".
std::string shown_call(const HttpCall& call);
// Whether two names of headers are the same, in whatever case.
// What may stand before and behind the colon of a header.
bool is_header_name(std::string_view name);
bool is_header_value(std::string_view value);
bool same_name(std::string_view a, std::string_view b);
// The first header of that name, in whatever case; null without one.
const std::string* find_header(const std::vector<HttpHeader>& headers, std::string_view name);
// The code that a step fails with: "connect", "timeout", …
std::string_view code_of(HttpFailure::Kind kind);

}  // namespace forge::internal
