#include "definition_reader.h"

#include <algorithm>

#include "datum.h"
#include "decision.h"
#include "forge/events/domain.h"
#include "input_types.h"
#include "request_reader.h"
#include "sent_signal.h"
#include "step_reader.h"
#include "step_values.h"
#include "step_work.h"
#include "url.h"
#include "value_path.h"

namespace forge::internal {
namespace {

constexpr std::int64_t kEveryUnit = 1'000'000;

class DefinitionReader {
 public:
  DefinitionReader(const Findings& findings, TableReader& table) : findings_(findings), table_(table) {}

  fb::WorkflowDefinitionT read() {
    fb::WorkflowDefinitionT made;
    made.name = table_.text("workflow");
    if (made.name.empty()) table_.missing("workflow", "a name");
    if (!made.name.empty() && !is_workflow_name(made.name)) {
      findings_.add(ErrorId::kWorkflowName, "workflow", "'" + made.name + "' cannot name a workflow",
                    "a name is a letter, then letters, digits, '_' and '-', 64 at most");
    }
    made.description = table_.text("description");
    read_stimulus(made);
    made.ttl_hops = static_cast<std::uint8_t>(table_.number("ttl_hops", 1, 255, made.ttl_hops));
    made.deadline = table_.duration("deadline");
    made.max_concurrency = static_cast<std::uint32_t>(table_.number("max_concurrency", 1, 100'000, 0));
    read_inputs(made);
    read_clients(made);
    made.body = read_block(findings_, table_);
    table_.finish();
    if (made.on != nullptr) check_given(made, made.on->input);
    if (made.schedule != nullptr) check_given(made, made.schedule->input);
    return made;
  }

 private:
  // { event, where, key }, { signal, where, key }, { schedule } or { every }, each with `input`.
  void read_stimulus(fb::WorkflowDefinitionT& made) {
    const Declared* declared = table_.take_table("on");
    if (declared == nullptr) return;
    TableReader table(findings_, *declared, "on", "the hook");
    if (refuse_two_stimuli(table)) return;
    if (table.has("schedule") || table.has("every")) {
      made.schedule = read_schedule(table);
    } else {
      made.on = read_hook(table);
    }
    table.finish();
  }

  // Of an event or a signal, and of the time.
  bool refuse_two_stimuli(const TableReader& table) const {
    const char* happens = table.has("event") ? "event" : table.has("signal") ? "signal" : nullptr;
    const char* is_due = table.has("every") ? "every" : table.has("schedule") ? "schedule" : nullptr;
    if (happens == nullptr || is_due == nullptr) return false;
    findings_.add(ErrorId::kWorkflowAttribute, table.path_of(happens) + "!",
                  "the hook has '" + std::string(is_due) + "' and '" + happens + "'",
                  "runs start when the time comes or when something happens, not both", "remove one, or declare two workflows");
    return true;
  }

  std::unique_ptr<fb::ScheduleT> read_schedule(TableReader& table) {
    auto schedule = std::make_unique<fb::ScheduleT>();
    const bool both = table.has("schedule") && table.has("every");
    schedule->cron = table.text("schedule");
    schedule->every = table.duration("every");
    schedule->input = table.named("input");
    if (both) {
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("every") + "!", "the hook has a schedule and is due every so often",
                    "one of them says when", "remove schedule or every");
    }
    if (schedule->every % kEveryUnit != 0) {
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("every"), "the hook is not due at whole seconds",
                    "'every' is " + duration_text(schedule->every) + "; once a second is the most");
    }
    return schedule;
  }

  std::unique_ptr<fb::HookT> read_hook(TableReader& table) {
    auto hook = std::make_unique<fb::HookT>();
    hook->event = table.text("event");
    hook->signal = table.text("signal");
    if (table.has("event") && table.has("signal")) {
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("signal") + "!", "the hook is for an event and for a signal",
                    "one of them starts the run", "remove one, or declare two workflows");
    }
    if (!table.has("event") && !table.has("signal")) {
      table.missing("event", "an event type, or a pattern with *; or signal, schedule or every");
    }
    hook->where = table.text("where");
    hook->input = table.named("input");
    if (hook->signal.empty()) {
      hook->key = table.binding("key");
    } else {
      hook->event = kSignalSent;
      hook->signal_key = read_signal_key(table);
    }
    return hook;
  }

  // A signal is held against its key before anything is evaluated, so that is a literal.
  std::string read_signal_key(TableReader& table) {
    const std::unique_ptr<fb::BindingT> given = table.binding("key");
    if (given == nullptr) return {};
    const Result<Value> literal = given->kind == fb::BindingKind::Literal ? to_value(*given->literal) : Result<Value>(Value());
    const Result<std::string> key = literal.ok() ? key_text(*literal) : Result<std::string>(literal.status());
    if (key.ok() && !key->empty()) return *key;
    findings_.add(ErrorId::kWorkflowAttribute, table.path_of("key"), "the hook has a malformed 'key'",
                  "the key of a signal is a text or a whole number, without references",
                  "leave it out, and compare ${signal.key} in where");
    return {};
  }

  // What the hook gives makes a run only where it has all inputs, each of its type.
  void check_given(const fb::WorkflowDefinitionT& made, const std::vector<std::unique_ptr<fb::NamedT>>& given) {
    for (const auto& input : made.inputs) {
      const auto found = std::find_if(given.begin(), given.end(), [&](const auto& one) { return one->name == input->name; });
      if (found == given.end()) {
        if (input->default_ != nullptr) continue;
        findings_.add(ErrorId::kWorkflowAttribute, given.empty() ? "on" : "on.input",
                      "the hook gives no input '" + input->name + "'", "the workflow needs it, so no run could start",
                      "add " + input->name + " = ... to input, or give the input a default");
        continue;
      }
      const fb::BindingT& binding = *(*found)->value;
      if (binding.kind != fb::BindingKind::Literal || binding.literal == nullptr) continue;
      const Result<Value> literal = to_value(*binding.literal);
      if (!literal.ok() || fits(*literal, input->type)) continue;
      findings_.add(ErrorId::kWorkflowAttribute, "on.input." + input->name,
                    "the hook gives a malformed input '" + input->name + "'",
                    "it is " + shown_briefly(*literal) + ", wanted is " + std::string(name_of(input->type)));
    }
  }

  // `order = "string"`, or `channel = { type = "string", default = "web" }`.
  void read_inputs(fb::WorkflowDefinitionT& made) {
    each("input", [&](const std::string& name, const Declared& declared, const std::string& path) {
      auto input = std::make_unique<fb::InputT>();
      input->name = name;
      if (declared.if_text() != nullptr) {
        input->type = type_named(*declared.if_text(), path);
      } else {
        TableReader table(findings_, declared, path, "input '" + name + "'");
        const std::string type = table.text("type");
        if (!type.empty()) input->type = type_named(type, path + ".type");
        input->description = table.text("description");
        input->secret = table.flag("secret", false);
        read_default(table, *input);
        table.finish();
      }
      made.inputs.push_back(std::move(input));
    });
  }

  fb::InputType type_named(const std::string& word, const std::string& path) {
    if (const auto type = find_input_type(word)) return *type;
    findings_.add(ErrorId::kWorkflowAttribute, path, "an input has an unknown type '" + word + "'",
                  nearest_or_list(word, input_type_names()));
    return fb::InputType::Any;
  }

  void read_default(TableReader& table, fb::InputT& input) {
    std::unique_ptr<fb::BindingT> value = table.binding("default");
    if (value == nullptr) return;
    if (value->kind != fb::BindingKind::Literal) {
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("default"), table.what() + " has a default with references",
                    "a default is a value");
      return;
    }
    const auto literal = to_value(*value->literal);
    if (input.secret) {
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("default"), table.what() + " is secret and has a default",
                    "a definition is kept for ever, and shown to whoever may see the store", "leave the default out");
    } else if (literal.ok() && !fits(*literal, input.type)) {
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("default"), table.what() + " has a default of another type",
                    "it is " + shown_briefly(*literal) + ", and its type is " + std::string(name_of(input.type)));
    }
    input.default_ = std::move(value->literal);
  }

  void read_clients(fb::WorkflowDefinitionT& made) {
    each("client", [&](const std::string& name, const Declared& declared, const std::string& path) {
      TableReader table(findings_, declared, path, "client '" + name + "'");
      auto client = std::make_unique<fb::ClientT>();
      client->name = name;
      client->base_url = table.text("base_url");
      client->service = table.text("service");
      if (client->base_url.empty() == client->service.empty()) table.missing("base_url", "either base_url or service");
      check_url(table, "base_url", client->base_url);
      client->headers = table.named("headers");
      check_headers(findings_, table, client->headers);
      check_client_headers(table, *client);
      client->auth = read_auth(table);
      client->timeout = table.duration("timeout");
      client->requests_per_second = static_cast<std::uint32_t>(table.number("requests_per_second", 1, 1'000'000, 0));
      client->concurrency = static_cast<std::uint32_t>(table.number("concurrency", 1, 100'000, 0));
      read_breaker(table, *client);
      table.finish();
      made.clients.push_back(std::move(client));
    });
  }

  // Read again where a request is made; said here, where its place is known.
  void check_url(const TableReader& table, std::string_view name, const std::string& given) {
    // A secret may stand in it, so what was given is not told.
    const std::optional<Url> url = given.empty() ? std::nullopt : parse_url(given);
    if (given.empty() || (url && url->target.find('?') == std::string::npos)) return;
    findings_.add(ErrorId::kWorkflowAttribute, table.path_of(name),
                  table.what() + " has a " + std::string(name) + " that cannot be used",
                  "it is no http or https URL, or has a user's name or a query", "write https://pay.example/v1");
  }

  // They are sent with every request, whichever step makes it.
  void check_client_headers(const TableReader& table, const fb::ClientT& client) {
    for (const auto& header : client.headers) {
      if (header->value->kind == fb::BindingKind::Literal) continue;
      findings_.add(ErrorId::kWorkflowAttribute, table.path_of("headers") + "." + header->name,
                    table.what() + " has a header '" + header->name + "' with references", "it is the same for all steps",
                    "give it to the step, or name a secret: env:NAME or file:PATH");
    }
  }

  void read_breaker(TableReader& owner, fb::ClientT& client) {
    const Declared* declared = owner.take_table("breaker");
    if (declared == nullptr) return;
    TableReader table(findings_, *declared, owner.path_of("breaker"), owner.what() + "'s breaker");
    client.breaker_failures = static_cast<std::uint32_t>(table.number("failures", 1, 1'000'000, 5));
    client.breaker_pause = table.duration("pause", 30'000'000);
    table.finish();
  }

  // { token = … }, { file = … } or { oauth2 = { token_url, id, secret, scope } }; `header` says where it goes.
  std::unique_ptr<fb::AuthT> read_auth(TableReader& owner) {
    const Declared* declared = owner.take("auth");
    if (declared == nullptr) return nullptr;
    TableReader table(findings_, *declared, owner.path_of("auth"), owner.what() + "'s auth");
    if (declared->kind != Declared::Kind::kTable) return nullptr;
    table.hide_values();
    auto auth = std::make_unique<fb::AuthT>();
    auth->header = table.text("header");
    const std::string token = secret(table, "token");
    const std::string file = table.text("file");
    const Declared* oauth2 = table.take_table("oauth2");
    const int given =
        static_cast<int>(table.has("token")) + static_cast<int>(table.has("file")) + static_cast<int>(table.has("oauth2"));
    if (given != 1) table.missing("token", "one of token, file and oauth2");
    if (table.has("token")) auth->kind = fb::AuthKind::Static, auth->token = token;
    if (table.has("file")) auth->kind = fb::AuthKind::File, auth->token = file;
    if (oauth2 != nullptr) {
      TableReader inside(findings_, *oauth2, table.path_of("oauth2"), table.what());
      inside.hide_values();
      auth->kind = fb::AuthKind::OAuth2;
      auth->token_url = inside.text("token_url");
      auth->id = secret(inside, "id");
      auth->secret = secret(inside, "secret");
      auth->scope = inside.text("scope");
      if (auth->token_url.empty()) inside.missing("token_url", "the address that gives tokens");
      check_url(inside, "token_url", auth->token_url);
      if (auth->id.empty()) inside.missing("id", "the client's id: env:NAME or file:PATH");
      if (auth->secret.empty()) inside.missing("secret", "the client's secret: env:NAME or file:PATH");
      inside.finish();
    }
    table.finish();
    return auth;
  }

  // A definition is kept for ever and shown to many, so a secret is named in it and stands elsewhere.
  std::string secret(TableReader& table, std::string_view name) {
    std::string given = table.text(name);
    if (given.empty() || given.starts_with("env:") || given.starts_with("file:")) return given;
    findings_.add(ErrorId::kWorkflowAttribute, table.path_of(name), table.what() + " has a secret in clear",
                  "'" + std::string(name) + "' is the value itself", "name where it is: env:NAME or file:PATH");
    return {};
  }

  template <typename Read>
  void each(std::string_view name, const Read& read) {
    const Declared* declared = table_.take_table(name);
    if (declared == nullptr) return;
    TableReader members(findings_, *declared, std::string(name), "the workflow's " + std::string(name));
    for (const Declared::Member& member : declared->members) {
      if (members.take(member.name) != &member.value) continue;
      if (!is_workflow_name(member.name)) {
        findings_.add(ErrorId::kWorkflowName, members.path_of(member.name) + "!",
                      "'" + member.name + "' cannot name " + (name == "input" ? "an " : "a ") + std::string(name),
                      "a name is a letter, then letters, digits, '_' and '-', 64 at most");
      }
      read(member.name, member.value, members.path_of(member.name));
    }
    members.finish();
  }

  const Findings& findings_;
  TableReader& table_;
};

}  // namespace

fb::WorkflowDefinitionT read_definition(const Declared& declared, const Findings& findings) {
  if (!findings.places.note_all(declared)) {
    findings.add(ErrorId::kWorkflowUnsupported, "workflow", "the workflow is nested too deep",
                 "at most " + std::to_string(Places::kNestingMax) + " tables and lists may stand in each other");
    fb::WorkflowDefinitionT none;
    none.body = std::make_unique<fb::BlockT>();
    return none;
  }
  TableReader table(findings, declared, "", "the workflow");
  return DefinitionReader(findings, table).read();
}

}  // namespace forge::internal
