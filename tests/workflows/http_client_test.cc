// What clients add to http steps: credentials that no log holds, limits, a circuit breaker; and maps over pages.

#include "forge/events/json.h"
#include "http_fixture.h"
#include "support/environment.h"

namespace forge {
namespace {

using testing_support::set_environment;

LoopbackReply json(std::string body, int status = 200) {
  return {.status = status, .body = std::move(body)};
}

// ---- Credentials

// All bytes of the files of a store.
std::string bytes_of(const std::filesystem::path& directory) {
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), {});
  }
  return bytes;
}

TEST_F(HttpSteps, SecretsAreInNoLogAndNoError) {
  const std::filesystem::path directory = std::filesystem::temp_directory_path() / ("forge-http-" + std::to_string(::getpid()));
  std::filesystem::remove_all(directory);
  set_environment("FORGE_TEST_TOKEN", "hush-token-1234");
  set_environment("FORGE_TEST_ID", "hush-id-1234");
  set_environment("FORGE_TEST_SECRET", "hush-secret-1234");
  // It sends back whatever it was sent.
  serve([](const LoopbackRequest& request) {
    std::string all = request.body;
    for (const auto& [name, value] : request.headers) all += " " + name + "=" + value;
    if (request.target == "/token") return json(R"({"access_token":"hush-access-1234","expires_in":3600})");
    LoopbackReply reply = json(to_json(Object{{"all", all}, {"mark", "a visible mark"}}), request.target == "/fail" ? 400 : 200);
    reply.headers.push_back("X-Echo: " + all);
    return reply;
  });
  std::string log;
  std::mutex mutex;
  options_.log = [&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    log += line;
  };
  std::string errors;
  std::string bytes;
  {
    store_ = Store::open(directory.string()).value();
    for (const char* path : {"/ok", "/fail"}) {
      const RunInfo run = this->run(
          "[client.c]\nbase_url = '@'\nheaders = { x-key = 'env:FORGE_TEST_TOKEN' }\n"
          "auth = { oauth2 = { token_url = '@/token', id = 'env:FORGE_TEST_ID', secret = 'env:FORGE_TEST_SECRET' } }\n"
          "[step.a]\nhttp = { client = 'c', get = '" +
          std::string(path) + "' }\n");
      errors += run.error + run.result;
    }
    runner_.reset();
    // Its write-ahead log, where nothing is compressed; then what closing makes of it.
    bytes = bytes_of(directory);
    store_ = Store::open(":memory:", {}).value();
    bytes += bytes_of(directory);
  }
  std::filesystem::remove_all(directory);

  EXPECT_EQ(server_->requests().at(1).headers.at("authorization"), "Bearer hush-access-1234");
  EXPECT_EQ(server_->requests().at(1).headers.at("x-key"), "hush-token-1234");
  EXPECT_NE(bytes.find("a visible mark"), std::string::npos);
  EXPECT_NE(errors.find("[secret]"), std::string::npos);
  for (const char* secret : {"hush-token-1234", "hush-id-1234", "hush-secret-1234", "hush-access-1234"}) {
    EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
    EXPECT_EQ((errors + log).find(secret), std::string::npos) << secret;
  }
}

TEST_F(HttpSteps, ATokenFromAFileIsReadForEachCall) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / ("forge-token-" + std::to_string(::getpid()));
  std::ofstream(file) << "first-token\n";
  serve([&](const LoopbackRequest&) { return std::ofstream(file) << "second-token\n", json("{}"); });

  run("[client.c]\nbase_url = '@'\nauth = { file = '" + file.string() +
      "', header = 'X-Token' }\n[step.a]\nhttp = { client = 'c', get = '/' }\n" +
      "[step.b]\nhttp = { client = 'c', get = '/' }\nafter = ['a']\n");
  std::filesystem::remove(file);
  const RunInfo gone =
      run("[client.c]\nbase_url = '@'\nauth = { file = '" + file.string() + "' }\n[step.a]\nhttp = { client = 'c', get = '/' }\n");

  EXPECT_EQ(server_->requests().at(0).headers.at("x-token"), "first-token");
  EXPECT_EQ(server_->requests().at(1).headers.at("x-token"), "second-token");
  EXPECT_NE(gone.error.find(file.string()), std::string::npos);
}

constexpr const char* kTokenClient =
    "[client.c]\nbase_url = '@'\nauth = { oauth2 = { token_url = '@/token', id = 'env:FORGE_TEST_ID', secret = "
    "'env:FORGE_TEST_SECRET', scope = 'a b' } }\n";

class HttpTokens : public HttpSteps {
 protected:
  HttpTokens() {
    set_environment("FORGE_TEST_ID", "id");
    set_environment("FORGE_TEST_SECRET", "s e");
  }
  // Runs twenty calls side by side.
  RunInfo run_twenty() {
    return run(std::string(kTokenClient) +
               "[step.m]\nover = [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]\nwindow = 20\n"
               "[step.m.step.x]\nhttp = { client = 'c', get = '/x' }\n");
  }
  std::atomic<int> tokens_{0};
};

TEST_F(HttpTokens, OneIsGotForAllWhoWait) {
  serve([&](const LoopbackRequest& request) {
    if (request.target != "/token") return json("{}", request.headers.at("authorization") == "Bearer t-1" ? 200 : 403);
    return json("{\"access_token\":\"t-" + std::to_string(++tokens_) + "\"}");
  });

  EXPECT_EQ(run_twenty().status, "completed");
  EXPECT_EQ(tokens_, 1);
  const LoopbackRequest asked = server_->requests().at(0);
  EXPECT_EQ(asked.body, "grant_type=client_credentials&scope=a%20b");
  EXPECT_EQ(asked.headers.at("authorization"), "Basic aWQ6cyUyMGU=");
}

TEST_F(HttpTokens, OneThatIsRefusedIsGotAnewOnceForAll) {
  serve([&](const LoopbackRequest& request) {
    if (request.target != "/token") return json("{}", request.headers.at("authorization") == "Bearer t-2" ? 200 : 401);
    return json("{\"access_token\":\"t-" + std::to_string(++tokens_) + "\",\"expires_in\":3600}");
  });

  EXPECT_EQ(run_twenty().status, "completed");
  EXPECT_EQ(tokens_, 2);
}

TEST_F(HttpTokens, OneThatIsRefusedTwiceFails) {
  serve([&](const LoopbackRequest& request) {
    if (request.target != "/token") return json("{}", 401);
    return json("{\"access_token\":\"t-" + std::to_string(++tokens_) + "\"}");
  });

  const RunInfo run = this->run(std::string(kTokenClient) + "[step.a]\nhttp = { client = 'c', get = '/x' }\n");

  EXPECT_EQ(codes(run.id), "401");
  EXPECT_EQ(tokens_, 2);
}

TEST_F(HttpTokens, OneIsGotAnewBeforeItExpires) {
  serve([&](const LoopbackRequest& request) {
    if (request.target != "/token") return json("{}");
    const int number = ++tokens_;
    return json("{\"access_token\":\"t-" + std::to_string(number) + "\",\"expires_in\":" + (number == 1 ? "0" : "3600") + "}");
  });

  const RunInfo run =
      this->run(std::string(kTokenClient) +
                "[step.a]\nhttp = { client = 'c', get = '/x' }\n[step.b]\nhttp = { client = 'c', get = '/x' }\nafter = ['a']\n"
                "[step.c]\nhttp = { client = 'c', get = '/x' }\nafter = ['b']\n");

  EXPECT_EQ(run.status, "completed");
  EXPECT_EQ(tokens_, 2);
}

TEST_F(HttpTokens, WhoWaitsHearsWhyThereIsNone) {
  std::atomic<int> status{500};
  serve([&](const LoopbackRequest&) { return json(R"({"error":"no"})", status); });
  const std::string toml = std::string(kTokenClient) + "[step.a]\nhttp = { client = 'c', get = '/x' }\n";

  EXPECT_EQ(codes(run(toml).id), "500");
  status = 400;
  EXPECT_EQ(codes(run(toml).id), "auth");
  status = 200;
  EXPECT_EQ(codes(run(toml).id), "auth");
  options_.http.allow_hosts = {"pay.example"};
  EXPECT_EQ(codes(run(toml).id), "egress");
}

// ---- Limits

TEST_F(HttpSteps, TheBreakerOpensWaitsTriesAndCloses) {
  std::atomic<int> calls{0};
  serve([&](const LoopbackRequest&) { return json("{}", ++calls <= 2 ? 503 : 200); });

  const RunInfo run = this->run(
      "[client.c]\nbase_url = '@'\nbreaker = { failures = 2, pause = '300ms' }\n"
      "[step.a]\nhttp = { client = 'c', get = '/' }\nretry = { max_attempts = 9, first = '1ms', backoff = 'fixed' }\n");

  EXPECT_EQ(run.status, "completed");
  EXPECT_EQ(codes(run.id), "503, 503, breaker_open");
  EXPECT_EQ(calls, 3);
  ASSERT_EQ(runner_->http_hosts().size(), 1U);
  EXPECT_EQ(runner_->http_hosts()[0].breaker, HttpHost::Breaker::kClosed);
}

TEST_F(HttpSteps, AnOpenBreakerShows) {
  serve([](const LoopbackRequest&) { return json("{}", 500); });
  std::string log;
  std::mutex mutex;
  options_.log = [&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    log += line;
  };

  run("[client.c]\nbase_url = '@'\nbreaker = { failures = 1, pause = '1h' }\n[step.a]\nhttp = { client = 'c', get = '/' }\n");
  const std::string id = start_run(store_,
                                   *define("[client.c]\nbase_url = '@'\nbreaker = { failures = 1, pause = '1h' }\n[step.a]\nhttp = "
                                           "{ client = 'c', get = '/' }\n"),
                                   {})
                             .value();
  const RunInfo refused = runner_->wait(id).value();

  EXPECT_EQ(codes(id), "breaker_open");
  EXPECT_NE(refused.error.find("is open until 20"), std::string::npos) << refused.error;
  EXPECT_EQ(server_->requests().size(), 1U);
  const HttpHost host = runner_->http_hosts().at(0);
  EXPECT_EQ(host.host, server_->url());
  EXPECT_EQ(name_of(host.breaker), "open");
  EXPECT_TRUE(host.opens_until);
  const std::lock_guard lock(mutex);
  EXPECT_NE(log.find("the circuit breaker of " + server_->url() + " is open: 1 calls failed in a row"), std::string::npos) << log;
}

TEST_F(HttpSteps, CallsToOneHostKeepTheirRate) {
  serve([](const LoopbackRequest&) { return json("{}"); });
  const auto begin = std::chrono::steady_clock::now();

  const RunInfo run = this->run(
      "[client.c]\nbase_url = '@'\nrequests_per_second = 4\n[step.m]\nover = [1,2,3,4,5,6,7,8,9,10]\n"
      "[step.m.step.x]\nhttp = { client = 'c', get = '/' }\ntimeout = '2s'\n");

  EXPECT_EQ(run.status, "completed") << "waiting for its turn is not what a call's timeout counts: " << run.error;
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(2200));
}

TEST_F(HttpSteps, CallsToOneHostKeepTheirCap) {
  std::mutex mutex;
  std::condition_variable changed;
  int came = 0;
  int running = 0;
  int most = 0;
  // They are answered in pairs: with fewer at once than two, never.
  serve([&](const LoopbackRequest&) {
    std::unique_lock lock(mutex);
    const int partner = came++ / 2 * 2 + 2;
    most = std::max(most, ++running);
    changed.notify_all();
    changed.wait(lock, [&] { return came >= partner; });
    --running;
    return json("{}");
  });

  const RunInfo run = this->run(
      "[client.c]\nbase_url = '@'\nconcurrency = 2\n[step.m]\nover = [1,2,3,4,5,6,7,8]\n"
      "[step.m.step.x]\nhttp = { client = 'c', get = '/' }\n");

  EXPECT_EQ(run.status, "completed");
  EXPECT_EQ(most, 2);
}

// ---- Pages

// Three pages of two items, by a cursor in the query.
LoopbackReply page(const LoopbackRequest& request) {
  const std::string cursor =
      request.target.find("after=") == std::string::npos ? "" : request.target.substr(request.target.find("after=") + 6);
  const int first = cursor.empty() ? 1 : std::stoi(cursor);
  return json("{\"items\":[" + std::to_string(first) + "," + std::to_string(first + 1) +
              "],\"next\":" + (first < 5 ? "\"" + std::to_string(first + 2) + "\"" : "null") + "}");
}

constexpr const char* kPages =
    "[step.m]\nover = { pages = { get = '@/list', query = { after = '${cursor}' } }, items = 'body.items', cursor = 'body.next' "
    "}\n";

TEST_F(HttpSteps, AMapGoesOverPages) {
  serve(page);

  const RunInfo run = this->run(std::string(kPages) + "[step.m.step.x]\ntemplate = 'n${item}'\n");

  EXPECT_EQ(run.result, R"(["n1","n2","n3","n4","n5","n6"])");
  EXPECT_EQ(server_->requests().size(), 3U);
  EXPECT_EQ(server_->requests().at(0).target, "/list");
  EXPECT_EQ(server_->requests().at(2).target, "/list?after=5");
}

TEST_F(HttpSteps, ACursorMayBeAWholeUrl) {
  serve([&](const LoopbackRequest& request) {
    const std::string next = request.target == "/list" ? "\"" + server_->url() + "/more\"" : "null";
    return json("{\"items\":[\"" + request.target + "\"],\"next\":" + next + "}");
  });

  const RunInfo run = this->run(
      "[step.m]\nover = { pages = { get = { expr = \"coalesce(${cursor}, '@/list')\" } }, items = 'body.items', cursor = "
      "'body.next' "
      "}\n[step.m.step.x]\ntemplate = '${item}'\n");

  EXPECT_EQ(run.result, R"(["/list","/more"])") << run.error;
}

TEST_F(HttpSteps, APageIsTriedAgainAsTheMapSays) {
  std::atomic<int> calls{0};
  serve([&](const LoopbackRequest& request) { return ++calls == 2 ? json("{}", 503) : page(request); });

  const RunInfo run =
      this->run(std::string(kPages) + "retry = { max_attempts = 2, first = '1ms' }\n[step.m.step.x]\ntemplate = 'n${item}'\n");
  calls = 0;
  const RunInfo once = this->run(std::string(kPages) + "[step.m.step.x]\ntemplate = 'n${item}'\n");

  EXPECT_EQ(run.result, R"(["n1","n2","n3","n4","n5","n6"])") << run.error;
  EXPECT_EQ(once.status, "failed");
  EXPECT_NE(once.error.find("503"), std::string::npos);
}

TEST_F(HttpSteps, AMapGoesOnInTheMiddleOfItsPages) {
  std::atomic<bool> hangs{true};
  serve([&](const LoopbackRequest& request) {
    return hangs && request.target == "/list?after=3" ? LoopbackReply{.kind = LoopbackReply::Kind::kHang} : page(request);
  });
  const std::string id = start_run(store_, *define(std::string(kPages) + "[step.m.step.x]\ntemplate = 'n${item}'\n"), {}).value();
  runner_ = std::make_unique<Runner>(Runner::start(store_, options_).value());
  server_->await_requests(2);
  runner_->stop();
  hangs = false;

  runner_ = std::make_unique<Runner>(Runner::start(store_, options_).value());

  EXPECT_EQ(runner_->wait(id).value().result, R"(["n1","n2","n3","n4","n5","n6"])");
  std::string targets;
  for (const LoopbackRequest& request : server_->requests()) targets += request.target + " ";
  EXPECT_EQ(targets, "/list /list?after=3 /list?after=3 /list?after=5 ");
}

TEST_F(HttpSteps, AFailingRunCutsThePageThatIsUnderWay) {
  serve([&](const LoopbackRequest& request) {
    return request.target == "/list" ? page(request) : LoopbackReply{.kind = LoopbackReply::Kind::kHang};
  });
  const std::string id = start_run(store_, *define(std::string(kPages) + "[step.m.step.x]\ntemplate = 'n${item}'\n"), {}).value();
  runner_ = std::make_unique<Runner>(Runner::start(store_, options_).value());
  server_->await_requests(2);

  ASSERT_TRUE(tell_run(store_, id, RunTelling::kCancel).ok());

  EXPECT_EQ(runner_->wait(id).value().status, "cancelled");
  server_->await_cuts(1);
}

TEST_F(HttpSteps, PagesThatAreNoneFailTheMap) {
  serve([](const LoopbackRequest& request) {
    return json(request.target == "/none" ? R"({"items":7})" : R"({"items":[1],"next":"same"})");
  });

  const RunInfo none =
      run("[step.m]\nover = { pages = { get = '@/none' }, items = 'body.items' }\n[step.m.step.x]\ntemplate = 'x'\n");
  const RunInfo same = run(std::string(kPages) + "[step.m.step.x]\ntemplate = 'x'\n");

  EXPECT_NE(none.error.find("no list at 'body.items'"), std::string::npos) << none.error;
  EXPECT_NE(same.error.find("names itself as the next"), std::string::npos) << same.error;
  EXPECT_EQ(server_->requests().size(), 3U);
}

// Pages that never have anything would fill the journal.
TEST_F(HttpSteps, EmptyPagesComeToAnEnd) {
  int calls = 0;
  const auto serve_empty = [&](int then_items_at) {
    calls = 0;
    serve([&calls, then_items_at](const LoopbackRequest&) {
      ++calls;
      const std::string items = calls % then_items_at == 0 ? "[1]" : "[]";
      const bool more = calls < 250;
      return json("{\"items\":" + items + ",\"next\":" + (more ? std::to_string(calls) : "null") + "}");
    });
  };
  serve_empty(1'000);
  const RunInfo endless = this->run(std::string(kPages) + "[step.m.step.x]\ntemplate = 'n${item}'\n");
  EXPECT_EQ(endless.status, "failed");
  EXPECT_TRUE(endless.error.starts_with("empty_pages: the last 100 pages have no items")) << endless.error;
  EXPECT_EQ(calls, 100);
  serve_empty(100);
  EXPECT_EQ(this->run(std::string(kPages) + "[step.m.step.x]\ntemplate = 'n${item}'\n").result, R"(["n1","n1"])")
      << "99 in a row are taken";
}

}  // namespace
}  // namespace forge
