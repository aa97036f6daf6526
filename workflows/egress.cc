#include "egress.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "forge/workflows/http.h"

namespace forge::internal {
namespace {

constexpr int kMappedBits = 96;
constexpr NetAddress kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};

struct InsideNetwork {
  const char* first;
  int bits;  // as an IPv6 address
};

// The registries of special-purpose addresses (RFC 6890 and those that amend it): all that is not globally reachable.
constexpr std::array<InsideNetwork, 24> kInside = {{
    {"0.0.0.0", 96 + 8},
    {"10.0.0.0", 96 + 8},
    {"100.64.0.0", 96 + 10},
    {"127.0.0.0", 96 + 8},
    {"169.254.0.0", 96 + 16},
    {"172.16.0.0", 96 + 12},
    {"192.0.0.0", 96 + 24},
    {"192.0.2.0", 96 + 24},
    {"192.88.99.0", 96 + 24},
    {"192.168.0.0", 96 + 16},
    {"198.18.0.0", 96 + 15},
    {"198.51.100.0", 96 + 24},
    {"203.0.113.0", 96 + 24},
    {"224.0.0.0", 96 + 4},
    {"240.0.0.0", 96 + 4},
    {"::", 80},
    {"64:ff9b:1::", 48},
    {"100::", 64},
    {"2001::", 23},
    {"2001:db8::", 32},
    {"3fff::", 20},
    {"fc00::", 7},
    {"fe80::", 9},
    {"ff00::", 8},
}};

bool begins_alike(const NetAddress& a, const NetAddress& b, int bits) {
  for (int i = 0; i < bits; ++i) {
    const auto byte = static_cast<std::size_t>(i / 8);
    if (((a.at(byte) ^ b.at(byte)) >> (7 - i % 8) & 1) != 0) return false;
  }
  return true;
}

// The IPv4 address that stands in an IPv6 address from byte `at` on.
NetAddress inner_address(const NetAddress& address, std::size_t at) {
  NetAddress inner = kMapped;
  std::copy_n(address.begin() + static_cast<std::ptrdiff_t>(at), 4, inner.begin() + 12);
  return inner;
}

bool is_loopback(const NetAddress& address) {
  return begins_alike(address, *parse_address("127.0.0.0"), kMappedBits + 8) || address == *parse_address("::1");
}

}  // namespace

std::optional<NetAddress> parse_address(std::string_view text) {
  const std::string terminated(text);
  NetAddress address = kMapped;
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + 12) == 1) return address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  return std::nullopt;
}

bool is_inside(const NetAddress& address) {
  const bool mapped = begins_alike(address, kMapped, kMappedBits);
  // NAT64 and 6to4 lead to the IPv4 address inside of them.
  if (begins_alike(address, *parse_address("64:ff9b::"), 96)) return is_inside(inner_address(address, 12));
  if (begins_alike(address, *parse_address("2002::"), 16)) return is_inside(inner_address(address, 2));
  return std::any_of(kInside.begin(), kInside.end(), [&](const InsideNetwork& network) {
    return mapped == (network.bits >= kMappedBits) && begins_alike(address, *parse_address(network.first), network.bits);
  });
}

std::optional<Egress::Entry> Egress::parse_entry(std::string_view text) {
  Entry entry;
  const std::size_t slash = text.find('/');
  std::string_view host = text.substr(0, slash);
  const std::optional<NetAddress> bare = parse_address(host);
  if (!bare) {
    // A name, or an address with a port: what a URL may have there.
    const std::string wildcard = host.starts_with("*.") ? "any" : "";
    const auto url = slash == std::string_view::npos
                         ? parse_url("http://" + (wildcard.empty() ? std::string(host) : wildcard + std::string(host.substr(1))))
                         : std::nullopt;
    if (!url || url->target != "/") return std::nullopt;
    const std::size_t bracket = host.rfind(']');
    const std::size_t colon = host.rfind(':');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) entry.port = url->port;
    const std::optional<NetAddress> address = parse_address(url->host);
    if (!address) {
      entry.name = url->host.substr(wildcard.size());
      return entry;
    }
    entry.network = *address;
    entry.bits = 128;
    return entry;
  }
  entry.network = *bare;
  entry.bits = 128;
  if (slash == std::string_view::npos) return entry;
  const std::string_view bits = text.substr(slash + 1);
  const int shortest = host.find(':') == std::string_view::npos ? kMappedBits : 0;
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), entry.bits);
  entry.bits += shortest;
  const bool read = error == std::errc() && end == bits.data() + bits.size() && entry.bits >= shortest && entry.bits <= 128;
  return read ? std::optional(entry) : std::nullopt;
}

Result<Egress> Egress::parse(const std::vector<std::string>& entries) {
  Egress egress;
  for (const std::string& text : entries) {
    const std::optional<Entry> entry = parse_entry(text);
    if (!entry) {
      return Status(ErrorId::kArgumentRange, "'" + text + "' is no host that can be allowed")
          .why("it is neither a name, nor an address, nor a network")
          .remedy("write pay.example, *.example, pay.example:8443 or 10.1.0.0/16");
    }
    egress.entries_.push_back(*entry);
  }
  return egress;
}

bool Egress::lists(const NetAddress& address, std::uint16_t port) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.name.empty() && (entry.port == 0 || entry.port == port) && begins_alike(address, entry.network, entry.bits);
  });
}

bool Egress::allows(const Url& url) const {
  if (const auto address = parse_address(url.host)) return lists(*address, url.port);
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    if (entry.name.empty() || (entry.port != 0 && entry.port != url.port)) return false;
    return entry.name.starts_with('.') ? url.host.ends_with(entry.name) : url.host == entry.name;
  });
}

bool Egress::allows_address(const Url& url, std::string_view text) const {
  const auto address = parse_address(text.substr(0, text.find('%')));
  if (!address) return false;
  if (!is_inside(*address)) return !parse_address(url.host) || lists(*address, url.port);
  return lists(*address, url.port) || (url.host == "localhost" && is_loopback(*address));
}

}  // namespace forge::internal

namespace forge {

Status check_allowed_hosts(const std::vector<std::string>& hosts) {
  return internal::Egress::parse(hosts).status();
}

std::string_view name_of(HttpHost::Breaker breaker) {
  return breaker == HttpHost::Breaker::kClosed ? "closed" : breaker == HttpHost::Breaker::kOpen ? "open" : "half_open";
}

}  // namespace forge
