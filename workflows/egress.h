#pragma once

// Which hosts and addresses may be called (http.h says how they are listed). Immutable: safe to share between threads.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"
#include "url.h"

namespace forge::internal {

// An IPv4 address is held as the IPv6 address that maps it.
using NetAddress = std::array<std::uint8_t, 16>;

std::optional<NetAddress> parse_address(std::string_view text);
// Not to be reached from outside, or nobody's: loopback, private, link-local, shared, reserved, multicast; also where it is an IPv4
// address inside of an IPv6 address.
bool is_inside(const NetAddress& address);

class Egress {
 public:
  // Errors: kArgumentRange naming the entry.
  static Result<Egress> parse(const std::vector<std::string>& entries);

  // Whether the host of `url` may be called, as far as its name tells.
  bool allows(const Url& url) const;
  // Whether a connection to `address` may be made for it; `url` is allowed.
  bool allows_address(const Url& url, std::string_view address) const;

 private:
  struct Entry {
    std::string name;      // "pay.example"; of "*.example": ".example"; empty: a network
    NetAddress network{};  // its first `bits` count
    int bits = 0;
    std::uint16_t port = 0;  // 0: all
  };

  static std::optional<Entry> parse_entry(std::string_view text);
  bool lists(const NetAddress& address, std::uint16_t port) const;

  std::vector<Entry> entries_;
};

}  // namespace forge::internal
