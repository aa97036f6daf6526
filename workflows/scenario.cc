#include <utility>

#include "expected_values.h"
#include "forge/testing.h"

namespace forge::testing {

struct Scenario::State {
  ManualClock clock;
  SeededIds ids{1};
  std::optional<Store> store;
  std::string failure;

  // Of the newest `when`.
  std::string what = "before any when";
  Status refusal;    // that no then_refused has met yet
  Seq before = 0;    // the head before it
  Seq next_seq = 1;  // of the event that the next `then` is about

  explicit State(ActionHandlers handlers) {
    Result<Store> opened = Store::open(":memory:", {.clock = &clock, .ids = &ids, .handlers = std::move(handlers)});
    if (opened.ok()) {
      store.emplace(*std::move(opened));
    } else {
      failure = "the store in memory: " + opened.status().message();
    }
  }
  void note(const Result<LoadedDomain>& loaded) {
    if (!loaded.ok()) failure = "the domain does not load: " + loaded.status().message();
    before = store->head();
    next_seq = before + 1;
  }
  // A refusal that nothing expected ends the story at the next step.
  bool is_over() {
    if (failure.empty() && !refusal.ok()) failure = what + ": " + refusal.message();
    return !failure.empty();
  }
  void fail(const std::string& why) { failure = what + ": " + why; }
};

Scenario::Scenario(const std::string& schema_path, ActionHandlers handlers) : state_(std::make_unique<State>(std::move(handlers))) {
  if (state_->store) state_->note(state_->store->load_domain(schema_path));
}

Scenario::Scenario(std::vector<SourceFile> sources, ActionHandlers handlers)
    : state_(std::make_unique<State>(std::move(handlers))) {
  if (state_->store) state_->note(state_->store->add_schema(std::move(sources)));
}

Scenario::~Scenario() = default;

Scenario& Scenario::at(Time time) {
  state_->clock.set(time);
  return *this;
}

Scenario& Scenario::after(std::int64_t micros) {
  state_->clock.advance(micros);
  return *this;
}

Scenario& Scenario::given(std::string_view action, Args args, const ActOptions& options) {
  if (state_->is_over()) return *this;
  const Result<Receipt> receipt = state_->store->act(action, std::move(args), options);
  if (!receipt.ok()) state_->failure = "given " + std::string(action) + ": " + receipt.status().message();
  return *this;
}

Scenario& Scenario::when(std::string_view action, Args args, const ActOptions& options) {
  std::vector<ActionRequest> actions;
  actions.push_back({.action = std::string(action), .args = std::move(args), .if_version = options.if_version});
  return when(std::move(actions), options);
}

Scenario& Scenario::when(std::vector<ActionRequest> actions, const ActOptions& options) {
  if (state_->is_over()) return *this;
  state_->what = "when";
  for (const ActionRequest& request : actions) state_->what += " " + request.action;
  state_->before = state_->store->head();
  state_->next_seq = state_->before + 1;
  state_->refusal = state_->store->transact(std::move(actions), options).status();
  return *this;
}

Scenario& Scenario::then(std::string_view event_type, const Object& changes) {
  if (state_->is_over()) return *this;
  const std::string expected = "expected " + std::string(event_type);
  if (state_->next_seq > state_->store->head()) {
    state_->fail(expected + ", but there is no further event");
    return *this;
  }
  const Result<Event> event = state_->store->view().event(state_->next_seq++);
  if (!event.ok()) {
    state_->fail(event.status().message());
  } else if (event->type != event_type) {
    state_->fail(expected + ", got " + event->type);
  } else if (const std::string wrong = difference(changes, event->changes); !wrong.empty()) {
    state_->fail(expected + ": " + wrong);
  }
  return *this;
}

Scenario& Scenario::then_nothing_else() {
  if (state_->is_over() || state_->next_seq > state_->store->head()) return *this;
  const Result<Event> event = state_->store->view().event(state_->next_seq);
  state_->fail("expected nothing else, got " + (event.ok() ? event->type : event.status().message()));
  return *this;
}

Scenario& Scenario::then_refused(ErrorId error, std::string_view text) {
  const Status refusal = std::exchange(state_->refusal, Status());
  if (state_->is_over()) return *this;
  const std::string expected = "expected " + std::string(info_of(error).name);
  if (refusal.ok()) {
    state_->fail(expected + ", but it was accepted");
  } else if (refusal.id() != error || refusal.message().find(text) == std::string::npos) {
    state_->fail(expected + " '" + std::string(text) + "', got " + refusal.message());
  } else if (state_->store->head() != state_->before) {
    state_->fail("refused, and yet an event was appended");
  }
  return *this;
}

Scenario& Scenario::then_record(std::string_view resource, std::string_view key, const Object& fields) {
  if (state_->is_over()) return *this;
  const Result<Record> record = state_->store->get(resource, key);
  if (!record.ok()) {
    state_->fail(record.status().message());
  } else if (const std::string wrong = difference(fields, record->to_object()); !wrong.empty()) {
    state_->fail(std::string(resource) + " " + std::string(key) + ": " + wrong);
  }
  return *this;
}

Scenario& Scenario::then_no_record(std::string_view resource, std::string_view key) {
  if (state_->is_over()) return *this;
  const Result<Record> record = state_->store->get(resource, key);
  if (record.ok()) {
    state_->fail("expected no " + std::string(resource) + " " + std::string(key) + ", got " + record->to_json());
  } else if (record.status().id() != ErrorId::kRecordNotFound) {
    state_->fail(record.status().message());
  }
  return *this;
}

std::string Scenario::failure() const {
  static_cast<void>(state_->is_over());
  return state_->failure;
}

Store& Scenario::store() {
  if (!state_->store) abort_with(Status(ErrorId::kInternal, state_->failure));
  return *state_->store;
}

}  // namespace forge::testing
