// What a program is told and what it tells. It gets the step's token as JSON on its standard input, the step's arguments as words,
// and in its environment who asks; it gives the step's result as JSON on its standard output, or nothing. Exit status 0 is success,
// 75 (EX_TEMPFAIL of sysexits.h) asks for another attempt, any other is a failure.

#include "exec_work.h"

#include <algorithm>
#include <cstdlib>

#include "forge/events/json.h"
#include "forge/workflows/token.h"
#include "process.h"

namespace forge::internal {
namespace {

constexpr int kTryAgain = 75;
constexpr std::size_t kOutputBytesMax = std::size_t{1} << 20;

std::string word_of(const Value& value) {
  return value.if_text() != nullptr ? *value.if_text() : value.is_null() ? "" : to_json(value);
}

// Variables can make a program run other code, so which of them a step sets is the operator's to say. Errors: kArgumentType.
Result<std::vector<std::string>> environment_of(const std::string& program_name, const Program& program, const Work& work,
                                                const StepContext& context) {
  std::vector<std::string> made;
  const auto add = [&made](const std::string& name, const std::string& value) { made.push_back(name + "=" + value); };
  const auto hand_on = [&add](const std::string& name) {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing here changes the environment
    if (value != nullptr) add(name, value);
  };
  hand_on("PATH");
  for (const std::string& name : program.environment) hand_on(name);
  const Object* declared = work.named.empty() ? nullptr : work.named[0].if_object();
  if (declared != nullptr) {
    for (const auto& [name, value] : declared->members()) {
      if (std::find(program.accepts.begin(), program.accepts.end(), name) == program.accepts.end()) {
        return Status(ErrorId::kArgumentType, "program '" + program_name + "' takes no variable '" + name + "' from a step")
            .why("its registration does not accept it");
      }
      add(name, word_of(value));
    }
  }
  add("FORGE_RUN", context.run);
  add("FORGE_STEP", context.step);
  add("FORGE_ATTEMPT", std::to_string(context.attempt));
  add("FORGE_CORRELATION", context.correlation);
  add("FORGE_IDEMPOTENCY_KEY", context.idempotency_key);
  return made;
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Errors: kArgumentType where a word has a byte of value 0, after which a program sees nothing.
Status check_words(const std::string& name, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word.find('\0') == std::string::npos) continue;
    return Status(ErrorId::kArgumentType, "a word for program '" + name + "' holds a byte of value 0");
  }
  return {};
}

StepOutcome outcome_of_end(const std::string& name, const ProcessEnd& end) {
  const std::string what = "program '" + name + "'";
  const std::string line = last_line(end.errors);
  const std::string why = line.empty() ? "" : ": " + line;
  if (end.too_large) {
    return StepOutcome::failed("output", what + " wrote more than " + std::to_string(kOutputBytesMax) + " bytes");
  }
  if (end.stopped) return StepOutcome::failed("stopped", what + " was told to stop");
  if (end.signal != 0) {
    const std::string signal = std::to_string(end.signal);
    return StepOutcome::failed("signal_" + signal, what + " was ended by signal " + signal + why);
  }
  const std::string status = std::to_string(end.exit_status);
  if (end.exit_status == kTryAgain) return StepOutcome::retry("exit_" + status, what + " asks to be tried again" + why);
  if (end.exit_status != 0) return StepOutcome::failed("exit_" + status, what + " ended with exit status " + status + why);
  if (end.output.find_first_not_of(" \t\r\n") == std::string::npos) return StepOutcome::done();
  Result<Value> value = parse_json(end.output, "the output of " + what);
  if (value.ok()) return StepOutcome::done(*std::move(value));
  return StepOutcome::failed("output", "what " + what + " wrote is no JSON: " + failure_of(value.status()).message);
}

}  // namespace

StepOutcome run_program(const std::string& name, const Program& program, const Work& work, const StepContext& context) {
  const std::string token = to_json(Token{Value(work.args), context.correlation, static_cast<std::uint8_t>(work.hops)});
  ProcessStart start{.command = program.command, .directory = program.directory};
  for (const Value& argument : work.values) start.command.push_back(word_of(argument));
  Result<std::vector<std::string>> environment = environment_of(name, program, work, context);
  if (!environment.ok()) return failure_of(environment.status());
  start.environment = *std::move(environment);
  start.input = token;
  start.output_bytes_max = kOutputBytesMax;
  for (const auto* words : {&start.command, &start.environment}) {
    if (const Status fits = check_words(name, *words); !fits.ok()) return failure_of(fits);
  }
  const Result<ProcessEnd> end = run_process(start, context.stop());
  return end.ok() ? outcome_of_end(name, *end) : failure_of(end.status());
}

}  // namespace forge::internal
