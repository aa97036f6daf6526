#pragma once

// A story about one run, told to a store in memory: what it is about (a plot), and one telling of it with a clock and a runner of
// its own. A plot can be told again and again; each telling of it goes the same way.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "forge/testing.h"
#include "forge/workflows/runs.h"
#include "step_work.h"

namespace forge::testing::story {

constexpr const char* kRunId = "story";

// What comes from outside while the run goes on.
struct Happening {
  enum class Kind : std::uint8_t { kSignal, kApproval, kAction, kTelling };

  std::int64_t at_us = 0;  // after the run's start
  Kind kind = Kind::kSignal;
  std::string name;  // of the signal; of an approval the step's path
  std::string key;   // of the signal
  Value value = nullptr;
  bool approved = true;
  RunTelling telling = RunTelling::kCancel;
  ActionRequest action = {};
};

// A signal that is sent before the run, or starts it.
struct SentSignal {
  std::string name;
  std::string key;
  Value value;
};

// What a story is about, in the order in which it happens.
struct Plot {
  std::vector<SourceFile> schema;
  std::string toml;
  std::vector<std::string> also;  // workflows that are declared beside it
  StepFunctions functions;
  std::uint64_t seed = 0;
  bool closed = false;  // an attempt that would call something outside fails, and is named by outside()
  std::vector<ActionRequest> given;
  std::vector<SentSignal> signals;  // before the run
  std::map<std::string, bool> approvals;
  // By the step's declared path, or by that behind its workflow's name: "checkout:charge".
  StepFunctions replaced;
  std::map<std::pair<std::string, std::uint32_t>, StepFunction> failures;
  Object input;
  // What starts the run by a hook: the action whose event does, or the signal; else it is started with `input`.
  std::optional<ActionRequest> start;
  std::optional<SentSignal> start_signal;
  std::vector<Happening> meanwhile;  // in order of their times

  bool is_started_by_hook() const { return start || start_signal; }
};

// The plot outlives it. For one thread.
class Telling {
 public:
  explicit Telling(const Plot& plot);

  // Errors: what is wrong with the schema, the workflow, its input, or what was given.
  Status open();
  Status begin();

  // A runner that is gone after `commits_max` transactions, or once nothing goes on by itself until `until_us` after the start.
  // Returns its transactions. Errors: what it stumbles on, or what comes from outside and is refused.
  Result<std::size_t> live(std::size_t commits_max, std::int64_t until_us);

  // Of the run that the story is about. Errors: kRunNotFound where nothing has started one.
  Result<std::string> run_id() const;
  Store& store() { return *store_; }
  bool is_open() const { return store_.has_value(); }
  // What each call was given, by the name that it was replaced under, else by the declared path.
  const std::map<std::string, std::vector<Object>>& calls() const { return calls_; }
  // Steps that would have called something outside, and what that is: "charge" calls "http".
  const std::map<std::string, std::string>& outside() const { return outside_; }

 private:
  const StepFunction* replacement(const std::string& workflow, const std::string& step, std::uint32_t attempt) const;
  const StepFunction* refusal(const std::string& step, const internal::Work& work);
  StepFunction noting(const StepFunction& function, std::string name = {});
  Result<bool> approve();
  Status happen(const Happening& happening);

  const Plot& plot_;
  ManualClock clock_;
  SeededIds ids_{1};
  std::optional<Store> store_;
  std::string workflow_;
  Time begun_;
  std::size_t happened_ = 0;  // of plot_.meanwhile
  StepFunctions functions_;
  StepFunctions replaced_;
  std::map<std::pair<std::string, std::uint32_t>, StepFunction> failures_;
  std::map<std::string, std::vector<Object>> calls_;
  std::map<std::string, std::string> outside_;
  StepFunction refusal_;
};

// "import[17].store" as it is declared: "import.store".
std::string declared_path(const std::string& path);

}  // namespace forge::testing::story
