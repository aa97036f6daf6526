// What equals its default is left out, as in the model. Attributes come in the order in which docs/workflows.md has them.

#include "definition_writer.h"

#include <algorithm>

#include "datum.h"
#include "input_types.h"
#include "step_values.h"

namespace forge::internal {
namespace {

constexpr std::uint32_t kPpmPerPercent = 10'000;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

// A literal `${` is written `$${`.
Value escaped(Value value) {
  if (const std::string* text = value.if_text()) {
    std::string made;
    for (std::size_t at = 0; at < text->size(); ++at) {
      if (text->compare(at, 2, "${") == 0) made += '$';
      made += (*text)[at];
    }
    return made;
  }
  if (const List* list = value.if_list()) {
    List made;
    for (const Value& item : *list) made.push_back(escaped(item));
    return made;
  }
  const Object* object = value.if_object();
  if (object == nullptr) return value;
  Object made;
  for (const auto& [name, member] : object->members()) made.add(name, escaped(member));
  return made;
}

void add_text(Object& into, const char* name, const std::string& text) {
  if (!text.empty()) into.add(name, text);
}

void add_duration(Object& into, const char* name, std::int64_t micros, std::int64_t unsaid = 0) {
  if (micros != unsaid) into.add(name, duration_text(micros));
}

void add_number(Object& into, const char* name, std::uint64_t number, std::uint64_t unsaid = 0) {
  if (number != unsaid) into.add(name, static_cast<std::int64_t>(number));
}

void add_flag(Object& into, const char* name, bool flag) {
  if (flag) into.add(name, true);
}

void add_binding(Object& into, const char* name, const std::unique_ptr<fb::BindingT>& binding) {
  if (binding != nullptr) into.add(name, declaration_of(*binding));
}

void add_named(Object& into, const char* name, const std::vector<std::unique_ptr<fb::NamedT>>& named) {
  if (named.empty()) return;
  Object made;
  for (const auto& entry : named) made.add(entry->name, declaration_of(*entry->value));
  into.add(name, std::move(made));
}

void add_texts(Object& into, const char* name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  List list;
  for (const std::string& text : texts) list.emplace_back(text);
  into.add(name, std::move(list));
}

void add_steps(Object& into, const char* name, const fb::BlockT& block) {
  if (block.steps.empty()) return;
  Object steps;
  for (const auto& step : block.steps) steps.add(step->name, declaration_of(*step));
  into.add(name, std::move(steps));
}

void add_block(Object& into, const fb::BlockT& block) {
  add_steps(into, "step", block);
  add_text(into, "return", block.result);
}

Value declared_input(const fb::InputT& input) {
  const std::string type(name_of(input.type));
  if (input.default_ == nullptr && input.description.empty() && !input.secret) return type;
  Object made{{"type", type}};
  if (input.default_ != nullptr) {
    const Result<Value> standard = to_value(*input.default_);
    made.add("default", standard.ok() ? escaped(*standard) : Value());
  }
  add_text(made, "description", input.description);
  add_flag(made, "secret", input.secret);
  return made;
}

// ---- Clients

Object declared_auth(const fb::AuthT& auth) {
  Object made;
  if (auth.kind == fb::AuthKind::Static) made.add("token", auth.token);
  if (auth.kind == fb::AuthKind::File) made.add("file", auth.token);
  if (auth.kind == fb::AuthKind::OAuth2) {
    Object source{{"token_url", auth.token_url}, {"id", auth.id}, {"secret", auth.secret}};
    add_text(source, "scope", auth.scope);
    made.add("oauth2", std::move(source));
  }
  add_text(made, "header", auth.header);
  return made;
}

Object declared_client(const fb::ClientT& client) {
  Object made;
  add_text(made, "base_url", client.base_url);
  add_text(made, "service", client.service);
  add_named(made, "headers", client.headers);
  if (client.auth != nullptr) made.add("auth", declared_auth(*client.auth));
  add_duration(made, "timeout", client.timeout);
  add_number(made, "requests_per_second", client.requests_per_second);
  add_number(made, "concurrency", client.concurrency);
  if (client.breaker_failures > 0) {
    made.add("breaker",
             Object{{"failures", std::int64_t{client.breaker_failures}}, {"pause", duration_text(client.breaker_pause)}});
  }
  return made;
}

Object declared_request(const fb::HttpStepT& http) {
  Object made;
  add_text(made, "client", http.client);
  add_binding(made, lower(http.method).c_str(), http.path);
  add_named(made, "query", http.query);
  add_named(made, "headers", http.headers);
  if (http.content == fb::Content::Json) add_binding(made, "json", http.body);
  if (http.content == fb::Content::Raw) add_binding(made, "body", http.body);
  if (http.content == fb::Content::Form) {
    add_named(made, "form", http.form);
    if (http.form.empty()) made.add("form", Object());
  }
  return made;
}

// ---- Kinds of steps

class BodyWriter {
 public:
  BodyWriter(const fb::BodyUnion& body, Object& into) : body_(body), into_(into) {}

  void write() {
    switch (body_.type) {
      case fb::Body::ActionStep:
        into_.add("action", body_.AsActionStep()->action);
        break;
      case fb::Body::ReadStep:
        read(*body_.AsReadStep());
        break;
      case fb::Body::TransactionStep:
        into_.add("transaction", true);
        add_block(into_, *body_.AsTransactionStep()->body);
        break;
      case fb::Body::HttpStep:
        into_.add("http", declared_request(*body_.AsHttpStep()));
        break;
      case fb::Body::RunStep:
        into_.add("run", body_.AsRunStep()->function);
        add_flag(into_, "dynamic", body_.AsRunStep()->dynamic);
        break;
      case fb::Body::ExecStep:
        exec(*body_.AsExecStep());
        break;
      case fb::Body::MapStep:
        map(*body_.AsMapStep());
        break;
      case fb::Body::CollectStep:
        if (body_.AsCollectStep()->results.empty()) into_.add("collect", Object());
        add_named(into_, "collect", body_.AsCollectStep()->results);
        add_binding(into_, "into", body_.AsCollectStep()->transform);
        break;
      case fb::Body::WorkflowStep:
        into_.add("workflow", body_.AsWorkflowStep()->workflow);
        break;
      default:
        write_blocks();
    }
  }

 private:
  void write_blocks() {
    switch (body_.type) {
      case fb::Body::SwitchStep:
        choose(*body_.AsSwitchStep());
        break;
      case fb::Body::GroupStep:
        into_.add("group", true);
        if (body_.AsGroupStep()->before_all != nullptr) add_steps(into_, "before_all", *body_.AsGroupStep()->before_all);
        add_block(into_, *body_.AsGroupStep()->body);
        if (body_.AsGroupStep()->after_all != nullptr) add_steps(into_, "after_all", *body_.AsGroupStep()->after_all);
        break;
      case fb::Body::AroundStep:
        around(*body_.AsAroundStep());
        break;
      case fb::Body::RecurseStep:
        recurse(*body_.AsRecurseStep());
        break;
      default:
        write_waits();
    }
  }

  void write_waits() {
    switch (body_.type) {
      case fb::Body::SleepStep:
        add_binding(into_, "sleep", body_.AsSleepStep()->duration);
        add_binding(into_, "until", body_.AsSleepStep()->until);
        break;
      case fb::Body::WaitStep:
        wait(*body_.AsWaitStep());
        break;
      case fb::Body::SignalStep:
        into_.add("signal", body_.AsSignalStep()->signal);
        add_binding(into_, "key", body_.AsSignalStep()->key);
        add_duration(into_, "keep", body_.AsSignalStep()->keep);
        add_flag(into_, "refuse", body_.AsSignalStep()->refuse);
        break;
      case fb::Body::ApproveStep:
        add_binding(into_, "approve", body_.AsApproveStep()->question);
        add_text(into_, "role", body_.AsApproveStep()->role);
        break;
      default:
        write_words();
    }
  }

  void write_words() {
    switch (body_.type) {
      case fb::Body::TemplateStep:
        add_binding(into_, "template", body_.AsTemplateStep()->text);
        break;
      case fb::Body::HaltStep:
        add_binding(into_, "halt", body_.AsHaltStep()->value);
        break;
      case fb::Body::DebugStep:
        add_binding(into_, "debug", body_.AsDebugStep()->label);
        if (body_.AsDebugStep()->level != fb::DebugLevel::Debug) {
          into_.add("level", lower(fb::EnumNameDebugLevel(body_.AsDebugStep()->level)));
        }
        break;
      case fb::Body::FailStep:
        add_binding(into_, "fail", body_.AsFailStep()->message);
        add_text(into_, "code", body_.AsFailStep()->code);
        break;
      default:
        break;
    }
  }

  void read(const fb::ReadStepT& read) {
    add_text(into_, "read", read.resource);
    add_binding(into_, "key", read.key);
    add_text(into_, "query", read.query);
    if (read.not_found != fb::NotFound::Error) into_.add("not_found", lower(fb::EnumNameNotFound(read.not_found)));
  }

  void exec(const fb::ExecStepT& exec) {
    List words{exec.program};
    for (const auto& argument : exec.arguments) words.push_back(declaration_of(*argument));
    into_.add("exec", exec.arguments.empty() ? Value(exec.program) : Value(std::move(words)));
    add_named(into_, "environment", exec.environment);
  }

  void map(const fb::MapStepT& map) {
    Object source;
    add_text(source, "query", map.query);
    if (map.source == fb::MapSource::File) add_binding(source, "file", map.over);
    if (map.pages != nullptr) source.add("pages", declared_request(*map.pages));
    add_text(source, "cursor", map.cursor);
    add_text(source, "items", map.items);
    if (!map.columns.empty()) {
      Object columns;
      for (const auto& column : map.columns) columns.add(column->name, std::string(name_of(column->type)));
      source.add("columns", std::move(columns));
    }
    if (map.source == fb::MapSource::Values) {
      add_binding(into_, "over", map.over);
    } else {
      into_.add("over", std::move(source));
    }
    add_number(into_, "window", map.window, 16);
    add_number(into_, "batch", map.batch, 1);
    add_flag(into_, "chunks", map.chunks);
    if (map.on_item_error == fb::ItemError::Collect) into_.add("on_item_error", "collect");
    if (map.on_item_error == fb::ItemError::Quarantine) into_.add("on_item_error", "quarantine:" + map.quarantine);
    add_number(into_, "max_bad", map.bad_max);
    if (map.bad_max_ppm > 0) into_.add("max_bad", share(map.bad_max_ppm));
    add_text(into_, "checkpoint", map.checkpoint);
    add_block(into_, *map.body);
  }

  // "1%", "0.25%".
  static std::string share(std::uint32_t ppm) {
    std::string text = std::to_string(ppm / kPpmPerPercent);
    if (ppm % kPpmPerPercent > 0) {
      std::string part = std::to_string(kPpmPerPercent + ppm % kPpmPerPercent).substr(1);
      while (part.ends_with('0')) part.pop_back();
      text += "." + part;
    }
    return text + "%";
  }

  void choose(const fb::SwitchStepT& choice) {
    Object branches;
    Object otherwise;
    for (const auto& branch : choice.branches) {
      Object made;
      add_text(made, "when", branch->when);
      add_block(made, *branch->body);
      if (branch->when.empty()) {
        otherwise = std::move(made);
      } else {
        branches.add(branch->name, std::move(made));
      }
    }
    into_.add("switch", std::move(branches));
    if (!otherwise.empty()) into_.add("default", std::move(otherwise));
  }

  void around(const fb::AroundStepT& around) {
    Object stages;
    const auto add = [&stages](const char* name, const std::unique_ptr<fb::BlockT>& block) {
      if (block != nullptr && !block->steps.empty()) stages.add(name, declaration_of(*block->steps[0]));
    };
    add("begin", around.begin);
    add("commit", around.commit);
    add("abort", around.abort);
    into_.add("around", std::move(stages));
    add_block(into_, *around.body);
  }

  void recurse(const fb::RecurseStepT& recurse) {
    Object made{{"until", recurse.until}, {"at_most", std::int64_t{recurse.at_most}}};
    add_binding(made, "start", recurse.start);
    into_.add("recurse", std::move(made));
    add_block(into_, *recurse.body);
  }

  void wait(const fb::WaitStepT& wait) {
    Object made;
    add_text(made, "signal", wait.signal);
    add_text(made, "event", wait.event);
    add_binding(made, "key", wait.key);
    add_text(made, "where", wait.where);
    into_.add("wait", std::move(made));
  }

  const fb::BodyUnion& body_;
  Object& into_;
};

// ---- What every step has

Object declared_retry(const fb::RetryT& retry) {
  Object made{{"max_attempts", std::int64_t{retry.max_attempts}}};
  if (retry.backoff != fb::Backoff::Fixed) made.add("backoff", lower(fb::EnumNameBackoff(retry.backoff)));
  const fb::RetryT unsaid;
  add_duration(made, "first", retry.first, unsaid.first);
  add_duration(made, "cap", retry.cap, unsaid.cap);
  add_flag(made, "jitter", retry.jitter);
  add_texts(made, "on", retry.on);
  return made;
}

Object declared_clause(const fb::ClauseT& clause) {
  Object made;
  add_text(made, "when", clause.when);
  if (clause.body != nullptr) made.add("do", declaration_of(*clause.body));
  if (clause.outcome == fb::ClauseOutcome::Retry) made.add("retry", true);
  if (clause.outcome == fb::ClauseOutcome::Continue) add_binding(made, "continue", clause.value);
  if (clause.outcome == fb::ClauseOutcome::Error) add_binding(made, "error", clause.value);
  if (clause.outcome == fb::ClauseOutcome::Ok) made.add("ok", true);
  return made;
}

Object declared_guard(const fb::GuardT& guard) {
  Object made{{"when", guard.when}};
  if (guard.otherwise != fb::GuardOutcome::Skip) made.add("else", lower(fb::EnumNameGuardOutcome(guard.otherwise)));
  add_binding(made, "message", guard.message);
  return made;
}

template <typename Parts, typename Write>
void add_list(Object& into, const char* name, const Parts& parts, const Write& write) {
  if (parts.empty()) return;
  List list;
  for (const auto& part : parts) list.emplace_back(write(*part));
  into.add(name, std::move(list));
}

Value declared_undo(const fb::UndoT& undo) {
  if (undo.body == nullptr) return "auto";
  Object made = declaration_of(*undo.body);
  const Value* action = made.members().size() == 1 ? made.find("action") : nullptr;
  return action != nullptr ? *action : Value(std::move(made));
}

Value declared_stimulus(const fb::WorkflowDefinitionT& definition) {
  Object made;
  if (const fb::ScheduleT* schedule = definition.schedule.get()) {
    add_text(made, "schedule", schedule->cron);
    add_duration(made, "every", schedule->every);
    add_named(made, "input", schedule->input);
    return made;
  }
  const fb::HookT& hook = *definition.on;
  add_text(made, hook.signal.empty() ? "event" : "signal", hook.signal.empty() ? hook.event : hook.signal);
  add_text(made, "where", hook.where);
  add_binding(made, "key", hook.key);
  add_text(made, "key", hook.signal_key);
  add_named(made, "input", hook.input);
  return made;
}

}  // namespace

Value declaration_of(const fb::BindingT& binding) {
  switch (binding.kind) {
    case fb::BindingKind::Literal: {
      const Result<Value> value = binding.literal == nullptr ? Result<Value>(Value()) : to_value(*binding.literal);
      return value.ok() ? escaped(*value) : Value();
    }
    case fb::BindingKind::Reference:
      return "${" + binding.text + "}";
    case fb::BindingKind::Text:
      return binding.text;
    case fb::BindingKind::Expression:
      return Object{{"expr", binding.text}};
    case fb::BindingKind::List: {
      List list;
      for (const auto& item : binding.items) list.push_back(declaration_of(*item));
      return list;
    }
    case fb::BindingKind::Object:
      break;
  }
  Object object;
  for (std::size_t i = 0; i < std::min(binding.items.size(), binding.names.size()); ++i) {
    object.add(binding.names[i], declaration_of(*binding.items[i]));
  }
  return object;
}

Object declaration_of(const fb::StepT& step) {
  Object made;
  BodyWriter(step.body, made).write();
  add_named(made, "args", step.args);
  add_text(made, "transform", step.transform);
  add_texts(made, "after", step.after);
  add_text(made, "where", step.where);
  add_list(made, "guards", step.guards, declared_guard);
  if (step.retry != nullptr) made.add("retry", declared_retry(*step.retry));
  add_duration(made, "timeout", step.timeout);
  add_duration(made, "deadline", step.deadline);
  if (!step.async) made.add("async", false);
  add_binding(made, "concurrency_key", step.concurrency_key);
  add_list(made, "compensate", step.compensate, declared_clause);
  if (step.undo != nullptr) made.add("undo", declared_undo(*step.undo));
  add_text(made, "description", step.description);
  return made;
}

Object declaration_of(const fb::WorkflowDefinitionT& definition) {
  Object made{{"workflow", definition.name}};
  add_text(made, "description", definition.description);
  if (definition.on != nullptr || definition.schedule != nullptr) made.add("on", declared_stimulus(definition));
  add_number(made, "ttl_hops", definition.ttl_hops, fb::WorkflowDefinitionT().ttl_hops);
  add_duration(made, "deadline", definition.deadline);
  add_number(made, "max_concurrency", definition.max_concurrency);
  Object inputs;
  for (const auto& input : definition.inputs) inputs.add(input->name, declared_input(*input));
  if (!inputs.empty()) made.add("input", std::move(inputs));
  Object clients;
  for (const auto& client : definition.clients) clients.add(client->name, declared_client(*client));
  if (!clients.empty()) made.add("client", std::move(clients));
  if (definition.body != nullptr) add_block(made, *definition.body);
  return made;
}

}  // namespace forge::internal
