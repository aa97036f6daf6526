#include "http_steps.h"

#include <algorithm>
#include <utility>

#include "forge/events/json.h"

namespace forge::internal {
namespace {

constexpr int kRedirectsMax = 5;
constexpr int kRefusalsMax = 5;
constexpr std::int64_t kTokenLifeUs = 3'600'000'000;  // of a token that does not say
constexpr std::int64_t kTokenMarginUs = 60'000'000;
constexpr std::size_t kTokenBytesMax = 64 << 10;

HostGate::End end_of(const HttpAnswer& answer) {
  if (!answer.failure) return answer.response.status >= 500 ? HostGate::End::kFailed : HostGate::End::kWorked;
  switch (answer.failure->kind) {
    case HttpFailure::Kind::kConnect:
    case HttpFailure::Kind::kTimeout:
    case HttpFailure::Kind::kTls:
    case HttpFailure::Kind::kProtocol:
      return HostGate::End::kFailed;
    case HttpFailure::Kind::kTooLarge:
    case HttpFailure::Kind::kHeaders:
      return HostGate::End::kWorked;
    default:
      return HostGate::End::kUnknown;
  }
}

WorkOutcome failed_call(std::string code, std::string message) {
  return {.outcome = StepOutcome::failed(std::move(code), std::move(message))};
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// What a token's endpoint gave. Errors say what it is not.
struct GivenToken {
  std::string value;
  std::int64_t life_us = kTokenLifeUs;
};
Result<GivenToken> read_token(const HttpResponse& response) {
  const auto not_a_token = [](std::string why) { return Status(ErrorId::kJsonInvalid, std::move(why)); };
  const Result<Value> body = parse_json(response.body, "the token", {.bytes = kTokenBytesMax});
  const Object* object = body.ok() ? body->if_object() : nullptr;
  if (object == nullptr) return not_a_token("the answer is no JSON object");
  const Value* value = object->find("access_token");
  const std::string* text = value == nullptr ? nullptr : value->if_text();
  const bool fits =
      text != nullptr && !text->empty() && std::all_of(text->begin(), text->end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!fits) return not_a_token("the answer has no access_token");
  GivenToken token{.value = *text};
  const Value* life = object->find("expires_in");
  if (life != nullptr && life->if_int() != nullptr)
    token.life_us = std::clamp<std::int64_t>(*life->if_int(), 0, 86'400 * 365) * 1'000'000;
  return token;
}

// A client's credentials as RFC 6749 (2.3.1) has them.
std::string basic_credentials(const TokenSource& source) {
  const std::string both = percent_encode(source.id) + ":" + percent_encode(source.secret);
  return "Basic " + to_base64(Bytes(both.begin(), both.end()));
}

}  // namespace

HttpSteps::HttpSteps(RunLoop& loop, Clock& clock, HttpTransport* transport, const std::vector<std::string>& allow_hosts,
                     std::size_t response_bytes_max, LogSink log, std::function<void(Time)> wake)
    : loop_(loop),
      clock_(clock),
      transport_(transport),
      response_bytes_max_(response_bytes_max),
      log_(std::move(log)),
      wake_(std::move(wake)) {
  Result<Egress> egress = Egress::parse(allow_hosts);
  // Who starts a runner has checked the list; nothing is allowed by one that cannot be read.
  egress_ = std::make_shared<const Egress>(egress.ok() ? *std::move(egress) : Egress());
}

// ---- Calls

void HttpSteps::start(HttpCall call, std::stop_token stop, Done done) {
  if (stopped_) return;
  const CallId id = next_id_++;
  auto made = std::make_unique<Call>();
  made->call = std::move(call);
  made->stop = std::move(stop);
  made->done = std::move(done);
  Call& known = *calls_.emplace(id, std::move(made)).first->second;
  if (!egress_->allows(known.call.url)) return finish(id, not_allowed(known.call, known.call.url));
  known.on_stop = std::make_unique<OnStop>(known.stop, [this, id] { loop_.post([this, id] { cut(id); }); });
  get_token(id);
}

HttpSteps::Call* HttpSteps::find(CallId id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second.get();
}

void HttpSteps::finish(CallId id, WorkOutcome outcome) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const Done done = std::move(found->second->done);
  calls_.erase(found);
  done(std::move(outcome));
}

// What is sent is cut by the transport, which was given the same stop token.
void HttpSteps::cut(CallId id) {
  const Call* call = find(id);
  if (call != nullptr && !call->sent) finish(id, failed_call("stopped", shown_call(call->call) + ": it was told to stop"));
}

WorkOutcome HttpSteps::not_allowed(const HttpCall& call, const Url& url) const {
  const std::string origin = url.origin();
  return failed_call("egress", shown_call(call) + ": " + origin.substr(origin.find("://") + 3) +
                                   " is not allowed: name it in --allow-host or HttpOptions::allow_hosts");
}

void HttpSteps::stop() {
  stopped_ = true;
  tokens_stop_.request_stop();
}

void HttpSteps::wait_for_transport() const {
  for (std::size_t left = *under_way_; left > 0; left = *under_way_) under_way_->wait(left);
}

// ---- Tokens

void HttpSteps::get_token(CallId id) {
  Call& call = *find(id);
  if (!call.call.token) return queue(id);
  Token& token = tokens_[call.call.token->name];
  if (!token.value.empty() && clock_.now() < token.fresh_until) {
    put_token(call, token.value);
    return queue(id);
  }
  token.waiting.push_back(id);
  if (token.fetching) return;
  token.fetching = true;
  fetch_token(call.call);
}

void HttpSteps::fetch_token(const HttpCall& call) {
  const TokenSource& source = *call.token;
  const std::optional<Url> url = parse_url(source.token_url);
  if (!url || !egress_->allows(*url)) {
    Token& token = tokens_[source.name];
    const std::string what = "the token of client '" + call.client + "': ";
    return take_no_token(token, url ? not_allowed(call, *url) : failed_call("auth", what + "its token_url is no URL"));
  }
  HttpRequest request{.method = "POST", .url = url->text(), .timeout = call.timeout};
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"},
                     {"Authorization", basic_credentials(source)}};
  request.body = "grant_type=client_credentials";
  if (!source.scope.empty()) request.body += "&scope=" + percent_encode(source.scope);
  exchange(std::move(request), *url, tokens_stop_.get_token(),
           [this, name = source.name, shown = url->shown()](const HttpAnswer& answer) { take_token(name, shown, answer); });
}

void HttpSteps::take_token(const std::string& name, const std::string& url, const HttpAnswer& answer) {
  Token& token = tokens_[name];
  const std::string what = "a token from " + url + ": ";
  if (answer.failure)
    return take_no_token(token, failed_call(std::string(code_of(answer.failure->kind)), what + answer.failure->message));
  const int status = answer.response.status;
  if (status < 200 || status > 299) {
    const bool passing = status == 408 || status == 429 || status >= 500;
    return take_no_token(token, failed_call(passing ? std::to_string(status) : "auth", what + std::to_string(status)));
  }
  const Result<GivenToken> given = read_token(answer.response);
  if (!given.ok()) return take_no_token(token, failed_call("auth", what + given.status().text().what));
  token.fetching = false;
  token.value = given->value;
  const std::int64_t margin = std::min(kTokenMarginUs, given->life_us / 10);
  token.fresh_until = Time{clock_.now().micros + given->life_us - margin};
  for (const CallId id : std::exchange(token.waiting, {})) {
    Call* call = find(id);
    if (call == nullptr) continue;
    // Also one that is said to live no time at all is good for who waited for it.
    put_token(*call, token.value);
    queue(id);
  }
}

void HttpSteps::take_no_token(Token& token, const WorkOutcome& why) {
  token.fetching = false;
  token.value.clear();
  for (const CallId id : std::exchange(token.waiting, {})) finish(id, why);
}

void HttpSteps::put_token(Call& call, const std::string& value) {
  if (call.token == value) return;
  call.token = value;
  call.call.secrets.push_back(value);
}

// Whether the call was refused for its token, and is made again with another one. A token that others have replaced meanwhile is no
// refusal of the one that there is now.
bool HttpSteps::renew_token(CallId id, const HttpAnswer& answer) {
  Call& call = *find(id);
  const bool refused = !answer.failure && answer.response.status == 401;
  if (!refused || !call.call.token || ++call.refusals > kRefusalsMax) return false;
  Token& token = tokens_[call.call.token->name];
  if (token.value == call.token) {
    if (call.renewed) return false;
    call.renewed = true;
    token.value.clear();
  }
  get_token(id);
  return true;
}

// ---- Turns

void HttpSteps::queue(CallId id) {
  const Call& call = *find(id);
  // It may have been told to stop just as an answer came that lets it go on.
  if (call.stop.stop_requested()) return cut(id);
  const std::string origin = call.call.url.origin();
  Host& host = hosts_[origin];
  host.waiting.push_back(id);
  pump(origin, host);
}

// In the order of their coming; who may not begin holds up those behind it.
void HttpSteps::pump(const std::string& origin, Host& host) {
  while (!stopped_ && !host.waiting.empty()) {
    const CallId id = host.waiting.front();
    const Call* call = find(id);
    if (call == nullptr) {
      host.waiting.pop_front();
      continue;
    }
    const Time now = clock_.now();
    const HostGate::Verdict verdict = host.gate.ask(call->call.limits, now);
    if (verdict.kind == HostGate::Verdict::Kind::kWait) {
      const bool asked = host.wakes && verdict.until && *host.wakes <= *verdict.until;
      if (!verdict.until || asked) return;
      host.wakes = verdict.until;
      return wake_(*verdict.until);
    }
    host.waiting.pop_front();
    if (verdict.kind == HostGate::Verdict::Kind::kGo) {
      send(id, host);
      continue;
    }
    WorkOutcome refused = failed_call("breaker_open", shown_call(call->call) + ": the circuit breaker of " + origin +
                                                          " is open until " + format_time(*verdict.until));
    refused.pause_us = verdict.until->micros - now.micros;
    finish(id, std::move(refused));
  }
}

void HttpSteps::tick() {
  const Time now = clock_.now();
  for (auto& [origin, host] : hosts_) {
    if (!host.wakes || now < *host.wakes) continue;
    host.wakes.reset();
    pump(origin, host);
  }
}

// ---- Exchanges

void HttpSteps::send(CallId id, Host& host) {
  Call& call = *find(id);
  const Time now = clock_.now();
  if (!call.until) call.until = Time{now.micros + call.call.timeout.count()};
  call.sent = true;
  call.trial = host.gate.begin(call.call.limits, now);
  HttpRequest request{
      .method = call.call.method, .url = call.call.url.text(), .headers = call.call.headers, .body = call.call.body};
  request.headers.insert(request.headers.end(), call.call.client_headers.begin(), call.call.client_headers.end());
  if (call.call.token) {
    // It may have been replaced while the call waited for its turn.
    const Token& newest = tokens_[call.call.token->name];
    if (!newest.value.empty()) put_token(call, newest.value);
    const bool usual = call.call.token_header.empty();
    request.headers.push_back({usual ? "Authorization" : call.call.token_header, usual ? "Bearer " + call.token : call.token});
  }
  request.timeout = std::chrono::microseconds(std::max<std::int64_t>(call.until->micros - now.micros, 1000));
  exchange(std::move(request), call.call.url, call.stop, [this, id](HttpAnswer answer) { take_answer(id, std::move(answer)); });
}

// The answer comes back on the loop.
void HttpSteps::exchange(HttpRequest request, const Url& url, std::stop_token stop, std::function<void(HttpAnswer)> done) {
  request.response_bytes_max = response_bytes_max_;
  request.may_connect = [egress = egress_, url](std::string_view address) { return egress->allows_address(url, address); };
  ++*under_way_;
  transport_->send(std::move(request), std::move(stop),
                   [&loop = loop_, under_way = under_way_, done = std::move(done)](HttpAnswer answer) {
                     loop.post([done, answer = std::move(answer)]() mutable { done(std::move(answer)); });
                     --*under_way;
                     under_way->notify_all();
                   });
}

void HttpSteps::take_answer(CallId id, HttpAnswer answer) {
  Call* call = find(id);
  if (call == nullptr || stopped_) return;
  const std::string origin = call->call.url.origin();
  end_exchange(*call, answer);
  if (!renew_token(id, answer) && !follow(id, answer)) {
    // Reading a large body takes time that others are not to wait for; until then nothing else touches the call.
    call->sent = true;
    loop_.start([this, id, &made = call->call, now = clock_.now(), answer = std::move(answer)] {
      WorkOutcome outcome = outcome_of(made, answer, now);
      loop_.post([this, id, outcome = std::move(outcome)]() mutable { finish(id, std::move(outcome)); });
    });
  }
  pump(origin, hosts_[origin]);
}

void HttpSteps::end_exchange(Call& call, const HttpAnswer& answer) {
  const std::string origin = call.call.url.origin();
  HostGate& gate = hosts_[origin].gate;
  const HostGate::Change change = gate.end(call.call.limits, call.trial, end_of(answer), clock_.now());
  call.sent = call.trial = false;
  if (change == HostGate::Change::kSame || !log_) return;
  if (change == HostGate::Change::kClosed)
    return log_(LogLevel::kInfo, "the circuit breaker of " + origin + " is closed: calls are made again");
  log_(LogLevel::kWarning, "the circuit breaker of " + origin + " is open: " + std::to_string(gate.failures()) +
                               " calls failed in a row; the next is made at " + format_time(*gate.opens_until()));
}

// Whether the answer leads elsewhere, and the call goes there; or cannot, and has failed. What a redirect must not do to a call
// that changes something, and where it leads nowhere, is an answer like others.
bool HttpSteps::follow(CallId id, const HttpAnswer& answer) {
  Call& call = *find(id);
  const int status = answer.response.status;
  const std::string* location = find_header(answer.response.headers, "Location");
  if (answer.failure || !is_redirect(status) || location == nullptr) return false;
  const bool reads = call.call.method == "GET" || call.call.method == "HEAD";
  if (!reads && (status == 301 || status == 302)) return false;
  const std::optional<Url> url = resolve_url(call.call.url, *location);
  if (!url || (call.call.url.scheme == "https" && url->scheme == "http")) return false;
  if (!egress_->allows(*url)) return finish(id, not_allowed(call.call, *url)), true;
  if (++call.redirects > kRedirectsMax)
    return finish(id, failed_call("redirects", shown_call(call.call) + ": it leads on and on")), true;
  if (!reads && status == 303) {
    call.call.method = "GET";
    call.call.body.clear();
    std::erase_if(call.call.headers, [](const HttpHeader& one) { return find_header({one}, "Content-Type") != nullptr; });
  }
  if (url->origin() != call.call.url.origin()) {
    // Credentials are for the host that they were meant for; what a step's own header is for, nobody knows.
    call.call.client_headers.clear();
    call.call.token.reset();
    std::erase_if(call.call.headers, [](const HttpHeader& one) {
      return find_header({one}, "Accept") == nullptr && find_header({one}, "Content-Type") == nullptr &&
             find_header({one}, "Idempotency-Key") == nullptr;
    });
  }
  call.call.url = *url;
  queue(id);
  return true;
}

std::vector<HttpHost> HttpSteps::hosts() const {
  std::vector<HttpHost> hosts;
  for (const auto& [origin, host] : hosts_) {
    hosts.push_back({.host = origin,
                     .breaker = host.gate.breaker(),
                     .failures = host.gate.failures(),
                     .opens_until = host.gate.opens_until(),
                     .in_flight = host.gate.in_flight(),
                     .waiting = host.waiting.size()});
  }
  return hosts;
}

}  // namespace forge::internal
