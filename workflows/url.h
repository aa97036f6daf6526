#pragma once

// URLs of outgoing requests. The grammar is narrower than others': what two readers might take differently (a user name, a
// backslash, a space, a host that is no name) is no URL here, so that the host that was allowed is the host that is called.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace forge::internal {

struct Url {
  std::string scheme;  // "http", "https"
  std::string host;    // in lower case; of an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string target = "/";  // path and query

  // "https://pay.example:8443".
  std::string origin() const;
  // Without the query, which may hold what is nobody's business.
  std::string shown() const;
  std::string text() const { return origin() + target; }
};

// Nothing where it is no absolute http or https URL. A fragment is left out.
std::optional<Url> parse_url(std::string_view text);
// What `reference`, a URL or a path, stands for in a response of `base`.
std::optional<Url> resolve_url(const Url& base, std::string_view reference);

// Everything but letters, digits and "-._~" as %XX.
std::string percent_encode(std::string_view text);

}  // namespace forge::internal
