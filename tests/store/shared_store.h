#pragma once

// A store whose holder answers, and those who act through it. The lock is on an open directory and not on a process, so all are in
// this one.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <latch>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "forge/store/server.h"
#include "sample_store.h"

namespace forge::testing_support {

inline constexpr std::chrono::minutes kLong{2};

inline std::vector<SourceFile> shared_schema() {
  return {{"items.fbs",
           "include \"forge.fbs\"; table Item (resource) { id: string (key); qty: int = 1 (check: \"enough: qty > 0\"); }\n"
           "table MakeItem (action: \"Item.make\", creates) { id: string (required); qty: int = 1; }\n"
           "table SetItem (action: \"Item.set\", updates) { qty: int = null; }\n"
           "table PriceItem (action: \"Item.price\", updates, handler) { qty: int = null; }\n"
           "table PairItems (action: \"Item.pair\", generic) { of: string (required); }\n"
           "table BreakItem (action: \"Item.break\", destroys, allow: \"boss: :actor.role = 'boss'\") {}\n"}};
}

class SharedStore : public ::testing::Test {
 protected:
  SharedStore() : path_("shared"), holder_(Store::open(path_.path(), {.handlers = handlers(), .targets = targets()}).value()) {
    holder_.add_schema(shared_schema()).value();
    server_.emplace(Server::start(holder_).value());
  }

  // Of the holder alone.
  static ActionHandlers handlers() {
    return {{"Item.price", [](const ActionCall& call) -> Result<Object> {
               return Object{{"qty", 2 * call.field_after("qty").as_int()}};
             }}};
  }
  // Carried out once target_may_go_ says so.
  ActionTargets targets() {
    return {{"Item.pair", [this](const TargetCall& call) -> Result<TargetPlan> {
               is_target_asked_ = true;
               if (target_may_go_.wait_for(std::chrono::seconds(30)) != std::future_status::ready)
                 return Status(Code::kDenied, "late");
               TargetPlan plan;
               for (const char* id : {"x", "y"}) {
                 plan.actions.push_back(
                     {.action = "Item.make", .args = {{"id", call.argument("of").as_text() + id}}, .if_version = {}});
               }
               return plan;
             }}};
  }
  Store attach(bool read_only = false) {
    Store store = Store::open(path_.path(), {.read_only = read_only, .create = false, .attach = true}).value();
    EXPECT_TRUE(store.is_attached());
    return store;
  }
  static std::vector<ActionRequest> make(const std::string& id, int qty = 1) {
    return {{.action = "Item.make", .args = {{"id", id}, {"qty", qty}}, .if_version = {}}};
  }
  // Issues so many transactions without waiting, and has the holder end while they are on the way. How many are stored.
  static int stored_while(Store& other, int calls, const std::function<void()>& end) {
    std::atomic<int> stored{0};
    std::latch begun(1), answers(calls);
    std::thread caller([&] {
      for (int i = 0; i < calls; ++i) {
        other.transact_async(make(std::to_string(i)), {}, [&](const Result<TransactionReceipt>& result) {
          EXPECT_TRUE(result.ok()) << result.status().message();
          stored += result.ok() ? 1 : 0;
          answers.count_down();
        });
        if (i == 100) begun.count_down();
      }
    });
    begun.wait();
    end();
    caller.join();
    answers.wait();
    return stored;
  }
  // Sends and takes what comes back until the other side closes, or until nothing has come for the time.
  static std::string talk(int socket, std::string_view bytes, std::chrono::milliseconds quiet = std::chrono::milliseconds(15'000)) {
    static_cast<void>(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    std::string out;
    for (;;) {
      pollfd ready{socket, POLLIN, 0};
      char piece[4096];
      if (::poll(&ready, 1, static_cast<int>(quiet.count())) != 1) return out + "(silence)";
      const ssize_t got = ::recv(socket, piece, sizeof(piece), 0);
      if (got <= 0) return out;
      out.append(piece, static_cast<std::size_t>(got));
    }
  }

  FreshPath path_;
  std::atomic<bool> is_target_asked_{false};
  std::promise<void> target_go_;
  const std::shared_future<void> target_may_go_ = target_go_.get_future().share();
  Store holder_;
  std::optional<Server> server_;
};

}  // namespace forge::testing_support
