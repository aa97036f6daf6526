#pragma once

// What references lead to at one step of a run.

#include "run.h"

namespace forge::internal {

class RunScope final : public Scope {
 public:
  // `frame` is where the step is; `hops` what it has received; `results` reads those that are not held in
  // memory (null: all are), and values live until it lets go. Everything is borrowed.
  RunScope(const Plan& plan, const RunState& state, FrameId frame, std::uint32_t hops, StoredResults* results);

  // Gives `error` a meaning.
  void set_error(const RunError& error, std::uint32_t attempt);
  // Gives `event` another meaning than that of the event which started the run.
  void set_event(const Value& event) { event_ = &event; }
  // Gives `item` another meaning than that of the frames.
  void set_item(const Value& item) { item_ = &item; }
  // Gives `cursor` a meaning.
  void set_cursor(const Value& cursor) { cursor_ = &cursor; }

  const Value* root(const Reference& reference) const override;
  Time now() const override { return state_.now; }

 private:
  const Value* found(const HopId& hop, const StepResult& result) const;
  const Value* item() const;
  const Value* step_result(StepIndex step) const;

  const Plan& plan_;
  const RunState& state_;
  FrameId frame_;
  std::uint32_t hops_;
  StoredResults* results_;
  mutable Value run_;  // made when it is asked for
  Value error_;
  const Value* event_ = nullptr;
  const Value* item_ = nullptr;
  const Value* cursor_ = nullptr;
};

}  // namespace forge::internal
