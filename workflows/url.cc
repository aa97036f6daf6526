#include "url.h"

#include <algorithm>
#include <charconv>

namespace forge::internal {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return lower;
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host.front() != '.' && host.back() != '.' &&
         std::all_of(host.begin(), host.end(), [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_'; });
}

bool is_bracketed_address(std::string_view host) {
  return host.size() > 4 && std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
         });
}

// "pay.example:8443", "[::1]".
bool read_authority(std::string_view text, Url& url) {
  const bool bracketed = text.starts_with('[');
  std::size_t end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && end == std::string_view::npos) return false;
  if (bracketed) ++end;
  const std::string_view host = text.substr(0, end);
  if (bracketed ? !is_bracketed_address(host) : !is_host_name(host)) return false;
  url.host = in_lower_case(bracketed ? host.substr(1, host.size() - 2) : host);
  url.port = url.scheme == "https" ? 443 : 80;
  if (end >= text.size()) return true;
  const std::string_view port = text.substr(end + 1);
  const auto [last, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  return text[end] == ':' && error == std::errc() && last == port.data() + port.size() && url.port > 0;
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
}

}  // namespace

std::string Url::origin() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return scheme + "://" + name + ":" + std::to_string(port);
}

std::string Url::shown() const {
  const bool usual = port == (scheme == "https" ? 443 : 80);
  const std::string all = origin();
  return (usual ? all.substr(0, all.rfind(':')) : all) + target.substr(0, target.find('?'));
}

std::optional<Url> parse_url(std::string_view text) {
  text = text.substr(0, text.find('#'));
  if (!is_visible(text)) return std::nullopt;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  Url url;
  url.scheme = in_lower_case(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (!read_authority(rest.substr(0, end), url)) return std::nullopt;
  const std::string_view target = rest.substr(end);
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return url;
}

std::optional<Url> resolve_url(const Url& base, std::string_view reference) {
  if (reference.starts_with("//")) return parse_url(base.scheme + ":" + std::string(reference));
  const std::size_t name = reference.find_first_of(":/?#");
  if (name != std::string_view::npos && reference[name] == ':') return parse_url(reference);
  if (reference.starts_with('/')) return parse_url(base.origin() + std::string(reference));
  const std::string path = base.target.substr(0, base.target.find('?'));
  if (reference.starts_with('?')) return parse_url(base.origin() + path + std::string(reference));
  return parse_url(base.origin() + path.substr(0, path.rfind('/') + 1) + std::string(reference));
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

}  // namespace forge::internal
