// What an answer of HTTP is to the step that asked.

#include <algorithm>
#include <charconv>

#include "forge/events/json.h"
#include "http_call.h"
#include "secret.h"
#include "value_path.h"

namespace forge::internal {
namespace {

constexpr std::size_t kExcerptBytesMax = 200;
constexpr std::int64_t kPauseMaxUs = 3'600'000'000;

bool says_json(const std::vector<HttpHeader>& headers) {
  const std::string* type = find_header(headers, "Content-Type");
  if (type == nullptr) return false;
  std::string_view name = std::string_view(*type).substr(0, type->find(';'));
  while (name.ends_with(' ')) name.remove_suffix(1);
  return same_name(name, "application/json") || (name.size() > 5 && same_name(name.substr(name.size() - 5), "+json"));
}

// Names in lower case, each once. Cookies are credentials, and no step keeps them.
Object header_object(const std::vector<HttpHeader>& headers) {
  std::vector<std::pair<std::string, std::string>> made;
  for (const HttpHeader& header : headers) {
    if (same_name(header.name, "Set-Cookie")) continue;
    std::string name = header.name;
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    std::string value = header.value;
    if (!is_utf8(value)) continue;
    const auto known = std::find_if(made.begin(), made.end(), [&](const auto& one) { return one.first == name; });
    if (known == made.end()) {
      made.emplace_back(std::move(name), std::move(value));
    } else {
      known->second += ", " + value;
    }
  }
  Object object;
  for (auto& [name, value] : made) object.add(std::move(name), std::move(value));
  return object;
}

// Errors: those of parse_json.
Result<Value> body_value(const HttpResponse& response) {
  if (response.body.empty()) return Value();
  if (says_json(response.headers)) return parse_json(response.body, "the response");
  if (is_utf8(response.body)) return Value(response.body);
  return Value(Bytes(response.body.begin(), response.body.end()));
}

// The beginning of a body that is a text, on one line.
std::string excerpt_of(const HttpCall& call, const HttpResponse& response) {
  std::string text = response.body;
  hide_secrets(call.secrets, text);
  if (!is_utf8(text)) return "";
  if (text.size() > kExcerptBytesMax) {
    std::size_t end = kExcerptBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end) + "…";
  }
  for (char& c : text) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return text;
}

// "Fri, 27 Nov 2026 23:00:00 GMT".
std::optional<Time> parse_http_date(const std::string& text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::string number = std::to_string(101 + month / 3).substr(1);
  const Result<Time> time =
      parse_time(text.substr(12, 4) + "-" + number + "-" + text.substr(5, 2) + "T" + text.substr(17, 8) + "Z");
  return time.ok() ? std::optional(*time) : std::nullopt;
}

// What Retry-After asks for, a number of seconds or a date; an hour at most.
std::int64_t pause_asked(const HttpResponse& response, Time now) {
  const std::string* given = find_header(response.headers, "Retry-After");
  if (given == nullptr) return 0;
  if (const auto date = parse_http_date(*given)) return std::clamp<std::int64_t>(date->micros - now.micros, 0, kPauseMaxUs);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), seconds);
  if (error != std::errc() || end != given->data() + given->size() || seconds < 0) return 0;
  return std::min(seconds, kPauseMaxUs / 1'000'000) * 1'000'000;
}

}  // namespace

WorkOutcome outcome_of(const HttpCall& call, const HttpAnswer& answer, Time now) {
  const auto failed = [&call](std::string code, std::string message) {
    hide_secrets(call.secrets, message);
    return WorkOutcome{.outcome = StepOutcome::failed(std::move(code), shown_call(call) + ": " + message)};
  };
  if (answer.failure) return failed(std::string(code_of(answer.failure->kind)), answer.failure->message);
  const HttpResponse& response = answer.response;
  if (response.status < 200 || response.status > 299) {
    const std::string code = std::to_string(response.status);
    const std::string excerpt = excerpt_of(call, response);
    WorkOutcome out = failed(code, code + (excerpt.empty() ? "" : ": " + excerpt));
    out.pause_us = pause_asked(response, now);
    return out;
  }
  Result<Value> body = body_value(response);
  if (!body.ok()) return failed("protocol", "the body is not the JSON that it is said to be: " + body.status().text().what);
  Value value = Object{{"status", response.status}, {"headers", header_object(response.headers)}, {"body", *std::move(body)}};
  hide_secrets(call.secrets, value);
  return {.outcome = StepOutcome::done(std::move(value))};
}

WorkOutcome page_of(const fb::MapStepT& map, const Work& work, WorkOutcome outcome) {
  if (outcome.outcome.kind != StepOutcome::Kind::kDone) return outcome;
  const Value response = std::move(outcome.outcome.value);
  const auto part = [&response](const std::string& text) -> const Value* {
    const Result<ValuePath> path = ValuePath::parse(text);
    const Value* root = path.ok() ? response.if_object()->find(path->root) : nullptr;
    return root == nullptr ? nullptr : find(*root, *path);
  };
  const Value* items = part(map.items);
  if (items == nullptr || items->if_list() == nullptr) {
    outcome.outcome = StepOutcome::failed("page", "a page has no list at '" + map.items + "'");
    return outcome;
  }
  const Value* cursor = map.cursor.empty() ? nullptr : part(map.cursor);
  const bool more = cursor != nullptr && !cursor->is_null() && *cursor != Value("") && *cursor != Value(false);
  if (more && *cursor == work.cursor) {
    outcome.outcome = StepOutcome::failed("page", "a page names itself as the next one, at '" + map.cursor + "'");
    return outcome;
  }
  outcome.outcome.value = *items;
  if (more) outcome.cursor = *cursor;
  return outcome;
}

std::string_view code_of(HttpFailure::Kind kind) {
  switch (kind) {
    case HttpFailure::Kind::kConnect:
      return "connect";
    case HttpFailure::Kind::kTimeout:
      return "timeout";
    case HttpFailure::Kind::kTls:
      return "tls";
    case HttpFailure::Kind::kDenied:
      return "egress";
    case HttpFailure::Kind::kProtocol:
      return "protocol";
    case HttpFailure::Kind::kTooLarge:
      return "too_large";
    case HttpFailure::Kind::kHeaders:
      return "headers";
    case HttpFailure::Kind::kStopped:
      return "stopped";
  }
  return "";
}

}  // namespace forge::internal
