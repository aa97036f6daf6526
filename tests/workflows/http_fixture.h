#pragma once

// Runs with http steps against a server on the loopback address.

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "forge/forge.h"
#include "forge/workflows/runner.h"
#include "loopback_server.h"

namespace forge {

class HttpSteps : public ::testing::Test {
 protected:
  // A server that answers so; its address stands for @ in definitions.
  void serve(LoopbackServer::Answer answer) {
    server_ = std::make_unique<LoopbackServer>(std::move(answer));
    options_.http.allow_hosts = {server_->authority()};
  }
  std::shared_ptr<const WorkflowDefinition> define(std::string toml) {
    toml = "workflow = 'w'\n" + toml;
    for (std::size_t at = toml.find('@'); at != std::string::npos; at = toml.find('@', at)) {
      toml.replace(at, 1, server_->url());
    }
    auto outcome = parse_workflow(toml, "w.toml");
    for (const Status& error : outcome.errors) ADD_FAILURE() << error.message();
    return outcome.definition;
  }
  RunInfo run(const std::string& toml, const Object& input = {}) {
    runner_.reset();
    runner_ = std::make_unique<Runner>(Runner::start(store_, options_).value());
    return runner_->run(*define(toml), {.id = "r-" + std::to_string(++runs_), .input = input}).value();
  }
  // The codes of the pulses that failed or are to be tried again: "503, 503, breaker_open".
  std::string codes(const std::string& run) const {
    std::string codes;
    const RunDetail detail = run_detail(store_.view(), run).value();
    for (const Pulse& pulse : detail.pulses) {
      if (!pulse.code.empty()) codes += (codes.empty() ? "" : ", ") + pulse.code;
    }
    return codes;
  }

  std::unique_ptr<LoopbackServer> server_;
  Store store_ = Store::open(":memory:", {}).value();
  RunnerOptions options_;
  std::unique_ptr<Runner> runner_;
  int runs_ = 0;
};

}  // namespace forge
