#include "http_call.h"

#include <algorithm>

#include "datum.h"
#include "forge/events/json.h"
#include "secret.h"

namespace forge::internal {
namespace {

Status bad_call(std::string what, std::string why) {
  return Status(ErrorId::kArgumentRange, std::move(what)).why(std::move(why)).state("nothing was sent");
}

Result<std::string> plain_text(const std::string& name, const Value& value) {
  if (const std::string* text = value.if_text()) return *text;
  const bool plain = value.if_int() != nullptr || value.if_double() != nullptr || value.if_bool() != nullptr;
  if (plain) return to_json(value);
  return Status(ErrorId::kArgumentType, "'" + name + "' of a request is neither a text, nor a number, nor true or false");
}

Result<HttpHeader> make_header(const std::string& name, std::string value) {
  if (is_header_name(name) && is_header_value(value)) return HttpHeader{name, std::move(value)};
  return bad_call("the header '" + name + "' cannot be sent", "a header is one line, and its name a word");
}

// Builds one call.
class CallMaker {
 public:
  CallMaker(const fb::HttpStepT& http, const fb::ClientT* client, const Work& work, const HttpOptions& options)
      : http_(http), client_(client), work_(work), options_(options), pages_(work.purpose == Purpose::kFetch) {}

  Result<HttpCall> make() {
    call_.method = http_.method;
    FORGE_TRY(set_url());
    FORGE_TRY(add_step_headers());
    FORGE_TRY(set_body());
    if (client_ != nullptr) FORGE_TRY(take_client());
    const std::int64_t own = work_.step->timeout;
    const std::int64_t shared = client_ == nullptr ? 0 : client_->timeout;
    call_.timeout = own > 0 ? std::chrono::microseconds(own) : shared > 0 ? std::chrono::microseconds(shared) : options_.timeout;
    return std::move(call_);
  }

 private:
  // As body_parts.h has them: of a map behind what it goes over.
  const Value& value_at(std::size_t place) const {
    static const Value kNull;
    const std::size_t at = place + (pages_ ? 1 : 0);
    return at < work_.values.size() ? work_.values[at] : kNull;
  }
  const Object& named_at(std::size_t place) const {
    static const Object kNone;
    return place < work_.named.size() && work_.named[place].if_object() != nullptr ? *work_.named[place].if_object() : kNone;
  }

  Result<std::string> base_url() const {
    if (client_ == nullptr) return std::string();
    if (client_->service.empty()) return client_->base_url;
    if (options_.find_service) return options_.find_service(client_->service);
    return bad_call("the service '" + client_->service + "' cannot be found",
                    "this program finds no services (HttpOptions::find_service)");
  }

  Status set_url() {
    const std::string* path = value_at(0).if_text();
    if (path == nullptr) return {ErrorId::kArgumentType, "the path of a request is no text"};
    FORGE_ASSIGN(std::string base, base_url());
    const bool whole = path->starts_with("http://") || path->starts_with("https://");
    if (!whole && !path->starts_with('/')) return bad_call("'" + *path + "' is no path", "a path begins with '/'");
    if (!whole && base.empty()) return bad_call("'" + *path + "' is no URL", "without a client, a request names the whole URL");
    while (base.ends_with('/')) base.pop_back();
    std::optional<Url> url = parse_url(whole ? *path : base + *path);
    if (!url)
      return bad_call("the URL of a request cannot be used", "it has a user's name, a character that is to be encoded, or no host");
    FORGE_TRY(add_query(*url));
    FORGE_TRY(check_segments(url->target));
    call_.url = *std::move(url);
    const std::optional<Url> own = base.empty() ? std::nullopt : parse_url(base);
    trusted_ = own && own->origin() == call_.url.origin();
    return {};
  }

  static Status check_segments(std::string_view target) {
    const std::string path = std::string(target.substr(0, target.find('?'))) + "/";
    if (path.find("/./") == std::string::npos && path.find("/../") == std::string::npos) return {};
    return bad_call("the path of a request leads out of itself", "it has a segment '.' or '..'");
  }

  Status add_query(Url& url) const {
    for (const auto& [name, value] : named_at(0).members()) {
      const List* many = value.if_list();
      const List one = many != nullptr ? *many : List{value};
      for (const Value& each : one) {
        if (each.is_null()) continue;
        FORGE_ASSIGN(const std::string text, plain_text(name, each));
        url.target += url.target.find('?') == std::string::npos ? "?" : "&";
        url.target += percent_encode(name) + "=" + percent_encode(text);
      }
    }
    return {};
  }

  Status add_step_headers() {
    for (const auto& [name, value] : named_at(1).members()) {
      if (value.is_null()) continue;
      FORGE_ASSIGN(std::string text, plain_text(name, value));
      FORGE_ASSIGN(HttpHeader header, make_header(name, std::move(text)));
      call_.headers.push_back(std::move(header));
    }
    // A page is only read, and each is another.
    const bool named = pages_ || find_header(call_.headers, "Idempotency-Key") != nullptr;
    if (!named) call_.headers.push_back({"Idempotency-Key", percent_encode(work_.idempotency_key)});
    return {};
  }

  void default_header(const char* name, std::string value) {
    if (find_header(call_.headers, name) == nullptr) call_.headers.push_back({name, std::move(value)});
  }

  Status set_body() {
    if (http_.content == fb::Content::Json) {
      call_.body = to_json(value_at(1));
      default_header("Content-Type", "application/json");
    } else if (http_.content == fb::Content::Raw) {
      const Bytes* bytes = value_at(1).if_bytes();
      if (bytes != nullptr) {
        call_.body.assign(bytes->begin(), bytes->end());
      } else {
        FORGE_ASSIGN(call_.body, plain_text("body", value_at(1)));
      }
    } else if (http_.content == fb::Content::Form) {
      for (const auto& [name, value] : named_at(2).members()) {
        if (value.is_null()) continue;
        FORGE_ASSIGN(const std::string text, plain_text(name, value));
        call_.body += (call_.body.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(text);
      }
      default_header("Content-Type", "application/x-www-form-urlencoded");
    }
    return {};
  }

  Status take_client() {
    call_.client = client_->name;
    call_.limits = {.requests_per_second = client_->requests_per_second,
                    .concurrency = client_->concurrency,
                    .breaker_failures = client_->breaker_failures,
                    .breaker_pause_us = client_->breaker_pause};
    // What a path leads elsewhere gets nothing that was meant for the client's own host.
    if (!trusted_) return {};
    for (const auto& declared : client_->headers) {
      FORGE_TRY(add_client_header(*declared));
    }
    return client_->auth == nullptr ? Status() : take_auth(*client_->auth);
  }

  Status add_client_header(const fb::NamedT& declared) {
    if (find_header(call_.headers, declared.name) != nullptr) return {};
    const bool literal = declared.value->kind == fb::BindingKind::Literal && declared.value->literal != nullptr;
    FORGE_ASSIGN(const Value value, literal ? to_value(*declared.value->literal) : Result<Value>(Value()));
    FORGE_ASSIGN(std::string text, plain_text(declared.name, value));
    if (is_secret_reference(text)) {
      FORGE_ASSIGN(text, read_secret(text));
      call_.secrets.push_back(text);
    }
    FORGE_ASSIGN(HttpHeader header, make_header(declared.name, std::move(text)));
    call_.client_headers.push_back(std::move(header));
    return {};
  }

  Status take_auth(const fb::AuthT& auth) {
    if (auth.kind == fb::AuthKind::None) return {};
    call_.token_header = auth.header;
    if (auth.kind == fb::AuthKind::OAuth2) {
      TokenSource source;
      source.token_url = auth.token_url;
      source.scope = auth.scope;
      FORGE_ASSIGN(source.id, read_secret(auth.id));
      FORGE_ASSIGN(source.secret, read_secret(auth.secret));
      source.name = auth.token_url + "\n" + auth.id + "\n" + auth.secret + "\n" + auth.scope;
      call_.secrets.push_back(source.id);
      call_.secrets.push_back(source.secret);
      call_.token = std::move(source);
      return {};
    }
    FORGE_ASSIGN(std::string token, auth.kind == fb::AuthKind::File ? read_secret_file(auth.token) : read_secret(auth.token));
    call_.secrets.push_back(token);
    const std::string name = auth.header.empty() ? "Authorization" : auth.header;
    FORGE_ASSIGN(HttpHeader header, make_header(name, auth.header.empty() ? "Bearer " + token : token));
    call_.client_headers.push_back(std::move(header));
    return {};
  }

  const fb::HttpStepT& http_;
  const fb::ClientT* client_;
  const Work& work_;
  const HttpOptions& options_;
  const bool pages_;
  bool trusted_ = false;  // it goes to the client's own origin
  HttpCall call_;
};

}  // namespace

Result<HttpCall> make_call(const fb::HttpStepT& http, const fb::ClientT* client, const Work& work, const HttpOptions& options) {
  return CallMaker(http, client, work, options).make();
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kOthers.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); });
}

std::string shown_call(const HttpCall& call) {
  return call.method + " " + call.url.shown();
}

const std::string* find_header(const std::vector<HttpHeader>& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const HttpHeader& one) { return same_name(one.name, name); });
  return found == headers.end() ? nullptr : &found->value;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return lower(x) == lower(y);
  });
}

}  // namespace forge::internal
