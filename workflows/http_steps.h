#pragma once

// Carries out calls of http steps: what is allowed, tokens, the order at each host, redirects. It runs on the loop and never waits:
// exchanges are the transport's, and their answers come back as tasks.
//
// A call first has its token, then its turn at the host, then is sent. Whoever needs a token while it is being got waits for that
// one; a 401 for a token has it got anew, once for all who were refused with it.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "forge/store/options.h"
#include "host_gate.h"
#include "http_call.h"
#include "run_loop.h"

namespace forge::internal {

class HttpSteps {
 public:
  using Done = std::function<void(WorkOutcome)>;

  // `wake` is to have tick() called at that time. Everything borrowed outlives it; it outlives every task that it gave to the loop.
  HttpSteps(RunLoop& loop, Clock& clock, HttpTransport* transport, const std::vector<std::string>& allow_hosts,
            std::size_t response_bytes_max, LogSink log, std::function<void(Time)> wake);

  // `done` is called on the loop, once, unless it is stopped before.
  void start(HttpCall call, std::stop_token stop, Done done);
  void tick();
  // Sends nothing more, and cuts what is under way.
  void stop();
  // Waits until the transport has answered everything; from another thread than the loop's, after stop().
  void wait_for_transport() const;
  std::vector<HttpHost> hosts() const;

 private:
  using CallId = std::uint64_t;
  using OnStop = std::stop_callback<std::function<void()>>;

  struct Call {
    HttpCall call;
    std::stop_token stop;
    Done done;
    std::unique_ptr<OnStop> on_stop;
    std::optional<Time> until;  // of all its exchanges; from the first on
    std::string token;          // that it is sent with
    bool renewed = false;       // it has had a refused token got anew
    int refusals = 0;           // of its tokens
    int redirects = 0;
    bool sent = false;
    bool trial = false;
  };
  struct Host {
    HostGate gate;
    std::deque<CallId> waiting;
    std::optional<Time> wakes;
  };
  struct Token {
    std::string value;
    Time fresh_until;
    bool fetching = false;
    std::vector<CallId> waiting;
  };

  Call* find(CallId id);
  void finish(CallId id, WorkOutcome outcome);
  void cut(CallId id);
  void get_token(CallId id);
  void fetch_token(const HttpCall& call);
  void take_token(const std::string& name, const std::string& url, const HttpAnswer& answer);
  void take_no_token(Token& token, const WorkOutcome& why);
  void queue(CallId id);
  void pump(const std::string& origin, Host& host);
  void send(CallId id, Host& host);
  void take_answer(CallId id, HttpAnswer answer);
  void end_exchange(Call& call, const HttpAnswer& answer);
  void put_token(Call& call, const std::string& value);
  bool renew_token(CallId id, const HttpAnswer& answer);
  bool follow(CallId id, const HttpAnswer& answer);
  WorkOutcome not_allowed(const HttpCall& call, const Url& url) const;
  void exchange(HttpRequest request, const Url& url, std::stop_token stop, std::function<void(HttpAnswer)> done);

  RunLoop& loop_;
  Clock& clock_;
  HttpTransport* const transport_;
  std::shared_ptr<const Egress> egress_;  // shared with the transport's questions
  const std::size_t response_bytes_max_;
  const LogSink log_;
  const std::function<void(Time)> wake_;
  std::map<CallId, std::unique_ptr<Call>> calls_;
  std::map<std::string, Host> hosts_;    // by origin
  std::map<std::string, Token> tokens_;  // by the name of their source
  CallId next_id_ = 0;
  std::stop_source tokens_stop_;
  bool stopped_ = false;
  // Exchanges; shared with the transport's answers.
  const std::shared_ptr<std::atomic<std::size_t>> under_way_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace forge::internal
