#pragma once

// Outgoing HTTP of workflows. `http` steps and paged maps make requests of a transport, which carries out one exchange at a time
// and decides nothing: retries, redirects, tokens, rate limits and circuit breakers are above it. The transport of a program is
// libcurl's (make_http_transport); another one can stand in its place.
//
// Nothing is called that the operator has not allowed: the list of hosts is empty by default. A name in it lets through what it
// resolves to as long as that is a public address; addresses inside (loopback, private, link-local, and what else is not to be
// reached from outside) must be listed themselves.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"
#include "forge/events/time.h"

namespace forge {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // absolute; http or https
  std::vector<HttpHeader> headers = {};
  std::string body = {};
  std::chrono::microseconds timeout{30'000'000};  // of the whole exchange
  std::size_t response_bytes_max = 1 << 20;       // of the body, and of the headers
  // Whether a connection to that address ("192.0.2.7", "2001:db8::1") may be made: to be asked about each before it is made, also
  // where a name resolves to several. From any thread. Empty: to all.
  std::function<bool(std::string_view address)> may_connect = {};
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers = {};  // as they came; a name may be there more than once
  std::string body = {};
};

// Why there is no response.
struct HttpFailure {
  enum class Kind : std::uint8_t {
    kConnect,   // no connection, or it broke before the response was there
    kTimeout,   // the time was over
    kTls,       // the server could not be trusted
    kDenied,    // may_connect refused all its addresses
    kProtocol,  // what came is no HTTP
    kTooLarge,  // more than response_bytes_max
    kHeaders,   // more than 1,000 headers, or more than 256 KiB of them
    kStopped,   // it was told to stop
  };
  Kind kind = Kind::kConnect;
  std::string message;  // for people; without what headers and bodies hold
};

struct HttpAnswer {
  HttpResponse response = {};
  std::optional<HttpFailure> failure = {};
};

class HttpTransport {
 public:
  using Done = std::function<void(HttpAnswer)>;

  virtual ~HttpTransport() = default;
  // Begins an exchange and returns at once. `done` is called exactly once, from a thread of the transport, and soon after `stop` is
  // asked for; it returns soon. Redirects are not followed, no proxy is used, and nothing is kept but connections. From any thread.
  virtual void send(HttpRequest request, std::stop_token stop, Done done) = 0;
};

// The transport on libcurl: one thread, begun with the first request, for all that is under way; at most `transfers_max` at once,
// the others wait for their turn, which their timeout does not count. Its destructor cuts what is under way and waits for the calls
// of `done`.
std::unique_ptr<HttpTransport> make_http_transport(std::size_t transfers_max = 256);

// What a runner's steps may call, and by which means.
struct HttpOptions {
  // Hosts that may be called: a name ("pay.example"), all names below one ("*.example"), an address or network ("10.1.0.0/16",
  // "::1"), each with or without a port ("pay.example:8443", "[::1]:80"). `localhost` stands for the loopback addresses, too.
  std::vector<std::string> allow_hosts = {};
  // The base URL of a client that names a `service` instead; called for each request, by several of the runner's threads at once.
  // Its error is that of the step. Empty: there are no services.
  std::function<Result<std::string>(const std::string& service)> find_service = {};
  std::chrono::microseconds timeout{30'000'000};  // of a request whose step and client have none
  std::size_t response_bytes_max = 1 << 20;       // of each response
  HttpTransport* transport = nullptr;             // null: the runner makes one of its own; outlives the runner
};

// Whether the list can be used. Errors: kArgumentRange naming the entry that cannot.
Status check_allowed_hosts(const std::vector<std::string>& hosts);

// How a host stands that a runner's steps have called.
struct HttpHost {
  enum class Breaker : std::uint8_t { kClosed, kOpen, kHalfOpen };

  std::string host;                      // "https://pay.example:443"
  Breaker breaker = Breaker::kClosed;    // open: calls are refused; half-open: one is tried
  std::uint32_t failures = 0;            // in a row
  std::optional<Time> opens_until = {};  // of an open one: when a call is tried again
  std::size_t in_flight = 0;
  std::size_t waiting = 0;  // for their turn: the rate limit, the concurrency cap, a call that is tried
};
// "closed", "open", "half_open".
std::string_view name_of(HttpHost::Breaker breaker);

}  // namespace forge
