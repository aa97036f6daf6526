#pragma once

// A shop in a store in memory, and runs over it on a virtual clock.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "forge/events/json.h"
#include "forge/workflows/runs.h"
#include "virtual_runner.h"

namespace forge {

inline constexpr const char* kRunShop = R"(include "forge.fbs";
namespace shop;
table Order (resource) { id: string (key); sku: string; qty: long; status: string; note: string; }
table Stock (resource) { sku: string (key); left: long (check: "enough: left >= 0"); }
table PlaceOrder (action: "Order.place", creates, event: "Order.placed", set: "status = 'placed'") { sku: string; qty: long = 1; }
table ShipOrder (action: "Order.ship", updates, event: "Order.shipped", require: "status = 'placed'", set: "status = 'shipped'") {}
table NoteOrder (action: "Order.note", updates, event: "Order.noted") { note: string; }
table CancelOrder (action: "Order.cancel", updates, event: "Order.cancelled", set: "status = 'cancelled'") {}
table FillStock (action: "Stock.fill", upserts, event: "Stock.filled") { left: long = 0; }
table Reserve (action: "Stock.reserve", updates, event: "Stock.reserved", set: "left = left - :qty") { qty: long = 1; }
table Release (action: "Stock.release", updates, event: "Stock.released", set: "left = left + :qty") { qty: long = 1; }
table Few (action: "Stock.few", reads, where: "left < :below") { below: long = 10; }
)";

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    OpenOptions options;
    options.clock = &clock_;
    options.ids = &ids_;
    options.workflow_target = workflow_target();
    store_ = std::make_unique<Store>(Store::open(":memory:", options).value());
    store_->add_schema({{"shop.fbs", kRunShop}}).value();
    store_->act("Stock.fill", {{"sku", "tea"}, {"left", 5}}).value();
    store_->act("Order.place", {{"id", "o-1"}, {"sku", "tea"}, {"qty", 2}}).value();
  }

  // Declares a workflow, from TOML without its name.
  void declare(const std::string& name, const std::string& toml) {
    const auto outcome = parse_workflow("workflow='" + name + "'\n" + toml, name + ".toml");
    for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
    const Result<WorkflowInfo> added = add_workflow(*store_, *outcome.definition);
    EXPECT_TRUE(added.ok()) << added.status().message();
  }
  // Starts a run of it.
  std::string start(const std::string& name, Object input = {}, const std::string& id = "r-1") {
    const Result<std::string> started =
        start_run(*store_, name, {.id = id, .input = std::move(input), .options = {.actor = "ada"}});
    EXPECT_TRUE(started.ok()) << started.status().message();
    return id;
  }
  // A fresh runner works until nothing goes on by itself.
  void work(std::int64_t within_us = 3'600'000'000) {
    runner_.reset();
    runner_ = std::make_unique<VirtualRunner>(*store_, clock_, functions_, LogSink(), programs_);
    runner_->run(within_us);
  }
  RunInfo run(const std::string& name, Object input = {}, const std::string& id = "r-1") {
    start(name, std::move(input), id);
    work();
    return info(id);
  }
  RunInfo info(const std::string& id = "r-1") const { return run_info(store_->view(), id).value(); }
  Record get(const char* resource, const char* key) const { return store_->get(resource, key).value(); }

  // What happened to a run: "started, completed load, completed reserve, completed".
  std::string pulses(const std::string& id = "r-1") const {
    std::string text;
    const Result<RunDetail> detail = run_detail(store_->view(), id);
    EXPECT_TRUE(detail.ok()) << detail.status().message();
    if (!detail.ok()) return "";
    for (const Pulse& pulse : detail->pulses) {
      text += (text.empty() ? "" : ", ") + pulse.what + (pulse.step.empty() ? "" : " " + pulse.step);
    }
    return text;
  }
  // Types of the events that are not runs' own, from `from` on.
  std::vector<std::string> events(Seq from = 1) const {
    std::vector<std::string> types;
    EXPECT_TRUE(store_->view()
                    .log({.from = from},
                         [&](const Event& event) {
                           if (!event.resource.starts_with('_')) types.push_back(event.type);
                           return true;
                         })
                    .ok());
    return types;
  }
  int count_of(const std::string& type) const {
    const std::vector<std::string> types = events();
    return static_cast<int>(std::count(types.begin(), types.end(), type));
  }
  // Runners that end soon, one after another, and one that works to the end.
  void work_in_many_lives() {
    for (int life = 0; life < 200; ++life) VirtualRunner(*store_, clock_).run(1'000'000, 2);
    work();
  }
  Event last_event(const std::string& type) const {
    Event found;
    EXPECT_TRUE(store_->view().log({.type = type}, [&](const Event& event) { return found = event, true; }).ok());
    return found;
  }

  testing::ManualClock clock_;
  testing::SeededIds ids_{7};
  std::unique_ptr<Store> store_;
  StepFunctions functions_;
  Programs programs_;
  std::unique_ptr<VirtualRunner> runner_;
};

}  // namespace forge
