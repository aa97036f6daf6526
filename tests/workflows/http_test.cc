// http steps: what is sent, what comes back, and what is not called.

#include <future>
#include <map>

#include "forge/events/json.h"
#include "http_fixture.h"
#include "support/environment.h"

namespace forge {
namespace {

using testing_support::set_environment;

LoopbackReply echo(const LoopbackRequest& request) {
  Object headers;
  for (const auto& [name, value] : request.headers) headers.add(name, value);
  return {.body = to_json(
              Object{{"method", request.method}, {"target", request.target}, {"headers", headers}, {"body", request.body}})};
}

LoopbackReply answered(int status, std::string body = "{}") {
  return {.status = status, .body = std::move(body)};
}

TEST_F(HttpSteps, AStepHasStatusHeadersAndBody) {
  serve([](const LoopbackRequest&) {
    return LoopbackReply{
        .body = R"({"ok":true,"big":9007199254740993})",
        .headers = {"Content-Type: application/json; charset=utf-8", "X-Part: 1", "x-part: 2", "Set-Cookie: id=1"}};
  });

  const RunInfo run = this->run("[step.a]\nhttp = { get = '@/x' }\n");

  EXPECT_EQ(run.status, "completed");
  const Value result = parse_json(run.result, "result").value();
  EXPECT_EQ(*result.if_object()->find("status"), Value(200));
  EXPECT_EQ(to_json(*result.if_object()->find("body")), R"({"ok":true,"big":"9007199254740993"})");
  const Object headers = *result.if_object()->find("headers")->if_object();
  EXPECT_EQ(*headers.find("x-part"), Value("1, 2"));
  EXPECT_EQ(headers.find("set-cookie"), nullptr);
}

TEST_F(HttpSteps, ABodyThatIsNoJsonIsATextOrBytes) {
  serve([](const LoopbackRequest& request) {
    return LoopbackReply{.body = request.target == "/t"   ? "caf\xc3\xa9"
                                 : request.target == "/b" ? "\xff\x01"
                                                          : "",
                         .headers = {"Content-Type: text/plain"}};
  });

  const RunInfo run = this->run(
      "[step.t]\nhttp = { get = '@/t' }\n[step.b]\nhttp = { get = '@/b' }\n[step.e]\nhttp = { delete = '@/e' }\n"
      "[step.all]\ncollect = { t = '${t.body}', b = '${b.body}', e = '${e.body}' }\n");

  EXPECT_EQ(run.result, "{\"t\":\"caf\xc3\xa9\",\"b\":\"/wE=\",\"e\":null}");
}

TEST_F(HttpSteps, WhatReferencesPutIntoAPathStaysInItsSegment) {
  serve(echo);

  const RunInfo run = this->run(
      "[input]\nid = 'string'\n[client.c]\nbase_url = '@/v1/'\n[step.a]\n"
      "http = { client = 'c', get = '/users/${input.id}', query = { q = 'a b&c', n = 3, none = '${no}', list = ['x', 'y'] } }\n"
      "[step.no]\nhalt = 1\nwhere = 'false'\n",
      {{"id", "../admin?all=1"}});

  EXPECT_EQ(run.status, "completed") << run.error;
  EXPECT_EQ(server_->requests().at(0).target, "/v1/users/..%2Fadmin%3Fall%3D1?q=a%20b%26c&n=3&list=x&list=y");
  const RunInfo out = this->run("[input]\nid = 'string'\n[step.a]\nhttp = { get = '@/users/${input.id}/x' }\n", {{"id", ".."}});
  EXPECT_EQ(out.status, "failed");
  EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(HttpSteps, SendsEachMethodAndBody) {
  serve(echo);

  this->run(
      "[step.a]\nhttp = { post = '@/', json = { n = 1 } }\n[step.b]\nhttp = { put = '@/', form = { a = 'x y', b = 2 } }\nafter = "
      "['a']\n"
      "[step.c]\nhttp = { patch = '@/', body = 'raw', headers = { content-type = 'text/x' } }\nafter = ['b']\n"
      "[step.d]\nhttp = { head = '@/' }\nafter = ['c']\n");

  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_EQ(requests[0].method + requests[0].body + requests[0].headers.at("content-type"), "POST{\"n\":1}application/json");
  EXPECT_EQ(requests[1].method + requests[1].body + requests[1].headers.at("content-type"),
            "PUTa=x%20y&b=2application/x-www-form-urlencoded");
  EXPECT_EQ(requests[2].method + requests[2].body + requests[2].headers.at("content-type"), "PATCHrawtext/x");
  EXPECT_EQ(requests[3].method, "HEAD");
}

TEST_F(HttpSteps, AttemptsShareAnIdempotencyKeyAndOnlyTransientErrorsAreTriedAgain) {
  std::atomic<int> calls{0};
  serve([&](const LoopbackRequest& request) { return answered(request.target == "/no" ? 404 : ++calls < 3 ? 503 : 200); });

  const RunInfo run = this->run("[step.a]\nhttp = { post = '@/' }\nretry = { max_attempts = 4, first = '1ms' }\n");
  const RunInfo gone = this->run("[step.a]\nhttp = { get = '@/no' }\nretry = { max_attempts = 4, first = '1ms' }\n");

  EXPECT_EQ(run.status, "completed") << run.error;
  EXPECT_EQ(codes(run.id), "503, 503");
  EXPECT_EQ(codes(gone.id), "404");
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_EQ(requests[0].headers.at("idempotency-key"), "r-1%2F0%2F0");
  EXPECT_EQ(requests[2].headers.at("idempotency-key"), requests[0].headers.at("idempotency-key"));
  EXPECT_NE(requests[3].headers.at("idempotency-key"), requests[0].headers.at("idempotency-key"));
}

TEST_F(HttpSteps, RetryAfterIsKept) {
  std::atomic<int> calls{0};
  serve([&](const LoopbackRequest&) {
    LoopbackReply reply = answered(++calls == 1 ? 429 : 200);
    reply.headers.emplace_back("Retry-After: 1");
    return reply;
  });
  const auto begin = std::chrono::steady_clock::now();

  const RunInfo run = this->run("[step.a]\nhttp = { get = '@/' }\nretry = { max_attempts = 2, first = '1ms' }\n");

  EXPECT_EQ(run.status, "completed");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(990));
}

TEST_F(HttpSteps, WhatIsNoAnswerHasACodeOfItsOwn) {
  options_.http.response_bytes_max = 1000;
  serve([](const LoopbackRequest& request) {
    if (request.target == "/drop") return LoopbackReply{.kind = LoopbackReply::Kind::kDrop};
    if (request.target == "/garbage") return LoopbackReply{.body = "\x01\x02 no http\r\n\r\n", .kind = LoopbackReply::Kind::kRaw};
    if (request.target == "/half") {
      return LoopbackReply{.body = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .kind = LoopbackReply::Kind::kRaw};
    }
    if (request.target == "/huge") return LoopbackReply{.body = std::string(2000, ' ')};
    if (request.target == "/endless") {
      return LoopbackReply{.body = "HTTP/1.1 200 OK\r\n\r\n" + std::string(5000, 'x'), .kind = LoopbackReply::Kind::kRaw};
    }
    if (request.target == "/headers") {
      return LoopbackReply{.body = "HTTP/1.1 200 OK\r\nA: " + std::string(2000, 'x') + "\r\n\r\n",
                           .kind = LoopbackReply::Kind::kRaw};
    }
    return LoopbackReply{.body = "{no json"};
  });
  const std::map<std::string, std::string> expected = {{"/drop", "connect"},   {"/garbage", "protocol"},  {"/half", "connect"},
                                                       {"/huge", "too_large"}, {"/endless", "too_large"}, {"/headers", "too_large"},
                                                       {"/json", "protocol"}};
  for (const auto& [target, code] : expected) {
    const RunInfo run = this->run("[step.a]\nhttp = { get = '@" + target + "' }\n");
    EXPECT_EQ(run.status, "failed") << target;
    EXPECT_EQ(codes(run.id), code) << target << ": " << run.error;
  }
}

TEST_F(HttpSteps, TooManyHeadersAreNotTriedAgain) {
  serve([](const LoopbackRequest& request) {
    std::string headers;
    const std::string value(request.target == "/many" ? 1 : 5000, 'x');
    for (int i = 0; i < (request.target == "/many" ? 1001 : 60); ++i) headers += "A" + std::to_string(i) + ": " + value + "\r\n";
    return LoopbackReply{.body = "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: 0\r\n\r\n", .kind = LoopbackReply::Kind::kRaw};
  });
  for (const char* target : {"/many", "/long"}) {
    const RunInfo run = this->run("[step.a]\nhttp = { get = '@" + std::string(target) + "' }\nretry = { max_attempts = 3 }\n");
    EXPECT_EQ(run.status, "failed") << target;
    EXPECT_EQ(codes(run.id), "headers") << target << ": " << run.error;
  }
}

TEST_F(HttpSteps, ABodyThatIsOnlyToldOfIsNotTooLarge) {
  options_.http.response_bytes_max = 1000;
  serve([](const LoopbackRequest&) { return answered(200, std::string(2000, ' ')); });

  EXPECT_EQ(run("[step.a]\nhttp = { head = '@/' }\n").status, "completed");
}

TEST_F(HttpSteps, AResultThatNoEventCanHoldFailsTheStep) {
  serve([](const LoopbackRequest&) { return LoopbackReply{.body = std::string((1 << 20) - 100, 'x'), .headers = {}}; });

  const RunInfo run = this->run("[step.a]\nhttp = { get = '@/' }\n");

  EXPECT_EQ(run.status, "failed");
  EXPECT_EQ(codes(run.id), "E2109") << run.error;
}

TEST_F(HttpSteps, NobodyListeningIsAConnectError) {
  serve(echo);
  const std::string toml = "[step.a]\nhttp = { get = '" + server_->url() + "/' }\n";
  const std::string allowed = server_->authority();
  server_.reset();
  options_.http.allow_hosts = {allowed};

  EXPECT_EQ(codes(run(toml).id), "connect");
}

// ---- Cutting

TEST_F(HttpSteps, ATimeoutCutsTheTransfer) {
  serve([](const LoopbackRequest&) { return LoopbackReply{.kind = LoopbackReply::Kind::kHang}; });

  const RunInfo run = this->run("[step.a]\nhttp = { get = '@/' }\ntimeout = '50ms'\n");

  EXPECT_EQ(codes(run.id), "timeout");
  server_->await_cuts(1);
}

TEST_F(HttpSteps, ADeadlineAndACancelCutTheTransfer) {
  serve([](const LoopbackRequest&) { return LoopbackReply{.kind = LoopbackReply::Kind::kHang}; });

  const RunInfo late = run("[step.a]\nhttp = { get = '@/' }\ndeadline = '50ms'\n");
  server_->await_cuts(1);
  const std::string id = start_run(store_, *define("[step.a]\nhttp = { get = '@/' }\n"), {}).value();
  server_->await_requests(2);
  ASSERT_TRUE(tell_run(store_, id, RunTelling::kCancel).ok());
  const RunInfo cancelled = runner_->wait(id).value();

  EXPECT_EQ(late.status, "failed");
  EXPECT_EQ(cancelled.status, "cancelled");
  server_->await_cuts(2);
}

TEST_F(HttpSteps, AStoppedRunnerLeavesTheCallToTheNextOneWithTheSameKey) {
  std::atomic<bool> answers{false};
  serve([&](const LoopbackRequest&) { return answers ? answered(200) : LoopbackReply{.kind = LoopbackReply::Kind::kHang}; });
  const std::string id = start_run(store_, *define("[step.a]\nhttp = { post = '@/' }\n"), {}).value();
  runner_ = std::make_unique<Runner>(Runner::start(store_, options_).value());
  server_->await_requests(1);
  runner_->stop();
  server_->await_cuts(1);
  answers = true;

  runner_ = std::make_unique<Runner>(Runner::start(store_, options_).value());

  EXPECT_EQ(runner_->wait(id).value().status, "completed");
  EXPECT_EQ(server_->requests().at(0).headers.at("idempotency-key"), server_->requests().at(1).headers.at("idempotency-key"));
}

// ---- What may be called

TEST_F(HttpSteps, NothingIsCalledThatIsNotAllowed) {
  serve(echo);
  options_.http.allow_hosts = {};
  const RunInfo none = run("[step.a]\nhttp = { get = '@/' }\n");
  options_.http.allow_hosts = {"pay.example", "127.0.0.1:1"};
  const RunInfo other = run("[step.a]\nhttp = { get = '@/' }\n");

  EXPECT_EQ(codes(none.id) + " " + codes(other.id), "egress egress");
  EXPECT_NE(none.error.find("--allow-host"), std::string::npos);
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(HttpSteps, TheAddressThatIsConnectedToIsAskedAbout) {
  serve(echo);
  const auto transport = make_http_transport();
  std::vector<std::string> asked;
  std::promise<HttpAnswer> answer;
  HttpRequest request{.url = server_->url() + "/"};
  request.may_connect = [&](std::string_view address) { return asked.emplace_back(address), false; };

  transport->send(std::move(request), {}, [&](HttpAnswer got) { answer.set_value(std::move(got)); });

  const HttpAnswer got = answer.get_future().get();
  ASSERT_TRUE(got.failure);
  EXPECT_EQ(got.failure->kind, HttpFailure::Kind::kDenied);
  EXPECT_EQ(asked, std::vector<std::string>{"127.0.0.1"});
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(HttpSteps, ARedirectLeadsOnlyWhereOneMayCall) {
  LoopbackServer inside(echo);
  serve([&](const LoopbackRequest& request) {
    LoopbackReply reply = answered(302);
    reply.headers.push_back(request.target == "/meta" ? "Location: http://169.254.169.254/latest"
                                                      : "Location: " + inside.url() + "/x");
    return reply;
  });

  EXPECT_EQ(codes(run("[step.a]\nhttp = { get = '@/' }\n").id), "egress");
  EXPECT_EQ(codes(run("[step.a]\nhttp = { get = '@/meta' }\n").id), "egress");
  EXPECT_TRUE(inside.requests().empty());
}

TEST_F(HttpSteps, ARedirectElsewhereTakesNoCredentialsAlong) {
  set_environment("FORGE_TEST_TOKEN", "hush-hush-token");
  LoopbackServer other(echo);
  serve([&](const LoopbackRequest&) {
    LoopbackReply reply = answered(307);
    reply.headers.push_back("Location: " + other.url() + "/x");
    return reply;
  });
  options_.http.allow_hosts.push_back(other.authority());

  const RunInfo run = this->run(
      "[client.c]\nbase_url = '@'\nauth = { token = 'env:FORGE_TEST_TOKEN' }\nheaders = { x-key = 'env:FORGE_TEST_TOKEN' }\n"
      "[step.a]\nhttp = { client = 'c', post = '/', json = 1, headers = { cookie = 'a=b' } }\n");

  EXPECT_EQ(run.status, "completed") << run.error;
  EXPECT_EQ(server_->requests().at(0).headers.at("authorization"), "Bearer hush-hush-token");
  EXPECT_EQ(server_->requests().at(0).headers.at("x-key"), "hush-hush-token");
  const LoopbackRequest sent = other.requests().at(0);
  EXPECT_EQ(sent.body + sent.headers.at("content-type"), "1application/json");
  for (const char* name : {"authorization", "x-key", "cookie"}) EXPECT_FALSE(sent.headers.contains(name)) << name;
}

TEST_F(HttpSteps, RedirectsEnd) {
  serve([&](const LoopbackRequest&) {
    LoopbackReply reply = answered(302);
    reply.headers.emplace_back("Location: /again");
    return reply;
  });

  EXPECT_EQ(codes(run("[step.a]\nhttp = { get = '@/' }\n").id), "redirects");
  EXPECT_EQ(server_->requests().size(), 6U);
  // What changes something is not sent elsewhere than it was meant for.
  EXPECT_EQ(codes(run("[step.a]\nhttp = { post = '@/', json = 1 }\n").id), "302");
}

TEST_F(HttpSteps, AServiceIsFoundByTheProgram) {
  serve(echo);
  options_.http.find_service = [&](const std::string& service) -> Result<std::string> {
    if (service == "pay") return server_->url() + "/base";
    return Status(ErrorId::kRecordNotFound, "there is no service '" + service + "'");
  };

  EXPECT_EQ(run("[client.c]\nservice = 'pay'\n[step.a]\nhttp = { client = 'c', get = '/x' }\n").status, "completed");
  EXPECT_NE(run("[client.c]\nservice = 'pya'\n[step.a]\nhttp = { client = 'c', get = '/x' }\n").error.find("no service 'pya'"),
            std::string::npos);
  EXPECT_EQ(server_->requests().at(0).target, "/base/x");
}

// ---- Undo

TEST_F(HttpSteps, ARequestUndoesARequest) {
  serve([](const LoopbackRequest& request) { return answered(request.target == "/fail" ? 400 : 200, R"({"id":"c-1"})"); });

  const RunInfo run = this->run(
      "[step.a]\nhttp = { post = '@/charges', json = 1 }\nundo = { http = { delete = '@/charges/${a.body.id}' } }\n"
      "[step.b]\nhttp = { post = '@/fail' }\nafter = ['a']\n");

  EXPECT_EQ(run.status, "compensated") << run.error;
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[2].method + requests[2].target, "DELETE/charges/c-1");
  EXPECT_EQ(requests[2].headers.at("idempotency-key"), requests[0].headers.at("idempotency-key") + "%2Fundo");

  // It is an event of the journal, which follows from the one by which the step was done.
  const RunDetail detail = run_detail(store_.view(), run.id).value();
  std::map<std::string, Seq> pulses;
  for (const Pulse& pulse : detail.pulses) pulses[pulse.what + " " + pulse.step] = pulse.seq;
  ASSERT_EQ(pulses.count("undone a"), 1U);
  const Event undone = store_.view().event(pulses.at("undone a")).value();
  EXPECT_EQ(undone.type, "_run.advanced");
  EXPECT_EQ(undone.causation, std::optional(pulses.at("completed a")));
}

TEST_F(HttpSteps, ManyRunsCallAtOnceOnOneThread) {
  serve([](const LoopbackRequest&) { return answered(200); });
  runner_ = std::make_unique<Runner>(Runner::start(store_, options_).value());
  ASSERT_TRUE(add_workflow(store_, *define("[step.a]\nhttp = { get = '@/' }\n")).ok());
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(start_run(store_, "w", {}).ok());

  ASSERT_TRUE(runner_->wait_idle().ok());

  EXPECT_EQ(runs(store_.view(), "completed").value().size(), 300U);
}

}  // namespace
}  // namespace forge
