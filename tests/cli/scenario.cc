#include "scenario.h"

#include <fnmatch.h>

#include <fstream>
#include <regex>

namespace forge::cli {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// The bytes that \xff and the like stand for.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\\x") == 0 && i + 4 <= text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// {{TEXT*N}}.
std::string expanded(std::string text) {
  for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at)) {
    const std::size_t end = text.find("}}", at), star = text.rfind('*', end);
    FORGE_ASSERT(end != std::string::npos && star != std::string::npos && star > at);
    const std::string piece = unescaped(text.substr(at + 2, star - at - 2));
    std::string out;
    for (int i = std::stoi(text.substr(star + 1, end - star - 1)); i > 0; --i) out += piece;
    text.replace(at, end + 2 - at, out);
    at += out.size();
  }
  return text;
}

bool matches(const std::string& expected, const std::string& actual) {
  static const std::vector<std::pair<std::string, std::string>> kWildcards = {
      {"<time>", "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(\\.[0-9]+)?Z"},
      {"<id>", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"},
      {"<ms>", "[0-9.]+ m?s"},
      {"<number>", "[0-9][0-9,.]*"},
      {"<hash>", "[0-9a-f]{64}"},
      {"<any>", ".*"}};
  if (expected == actual) return true;
  if (expected.find('<') == std::string::npos) return false;
  std::string pattern;
  for (std::size_t at = 0; at < expected.size();) {
    const auto wildcard = std::find_if(kWildcards.begin(), kWildcards.end(),
                                       [&](const auto& row) { return expected.compare(at, row.first.size(), row.first) == 0; });
    if (wildcard != kWildcards.end()) {
      pattern += wildcard->second;
      at += wildcard->first.size();
      continue;
    }
    if (std::string_view("\\^$.|?*+()[]{}").find(expected[at]) != std::string_view::npos) pattern += '\\';
    pattern += expected[at++];
  }
  return std::regex_match(actual, std::regex(pattern));
}

// Below `path`, the first file in order of names whose path matches the glob.
Result<fs::path> first_match(const std::string& glob) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(".")) {
    const std::string name = entry.path().lexically_normal().string();
    if (entry.is_regular_file() && fnmatch(glob.c_str(), name.c_str(), 0) == 0) found.push_back(entry.path());
  }
  if (found.empty()) return Status(ErrorId::kInternal, "no file matches " + glob);
  return *std::min_element(found.begin(), found.end());
}

Status flip(const std::string& glob, std::int64_t offset) {
  FORGE_ASSIGN(const fs::path path, first_match(glob));
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(offset, offset < 0 ? std::ios::end : std::ios::beg);
  const auto place = file.tellg();
  const int byte = file.get();
  if (byte < 0) return {ErrorId::kInternal, "no byte there"};
  file.seekp(place);
  file.put(static_cast<char>(byte ^ 1));
  return file.good() ? Status() : Status(ErrorId::kInternal, "cannot flip");
}

}  // namespace

Scenario::Scenario(const std::string& text) {
  bench_.environment["HOME"] = (bench_.directory() / "home").string();
  Step step;
  const auto close = [&] {
    if (!step.command.empty()) steps_.push_back(std::move(step));
    step = {};
  };
  for (const std::string& line : lines_of(text)) {
    const bool is_note = line.empty() || line.starts_with("#");
    if (line.starts_with("$ ")) {
      close();
      step.before = std::move(after_);
      after_.clear();
      step.command = line.substr(2);
    } else if (is_note) {
      after_.push_back(line);
    } else if (line.starts_with("|")) {
      step.input.push_back(line.substr(std::min<std::size_t>(line.size(), 2)));
    } else {
      // A blank or a # inside of output belongs to it.
      step.expected.insert(step.expected.end(), after_.begin(), after_.end());
      after_.clear();
      step.expected.push_back(line);
    }
  }
  close();
}

std::string Scenario::run() {
  std::string differences;
  for (const Step& step : steps_) {
    for (const std::string& line : step.before) actual_ += line + "\n";
    actual_ += "$ " + step.command + "\n";
    for (const std::string& line : step.input) actual_ += line.empty() ? "|\n" : "| " + line + "\n";
    const std::vector<std::string> outcome = outcome_of(step);
    bool same = outcome.size() == step.expected.size();
    for (std::size_t i = 0; i < outcome.size(); ++i) {
      const bool as_expected = i < step.expected.size() && matches(step.expected[i], outcome[i]);
      same = same && as_expected;
      actual_ += (as_expected ? step.expected[i] : outcome[i]) + "\n";
    }
    if (same) continue;
    differences += "$ " + step.command + "\n";
    for (const std::string& line : step.expected) differences += "  expected  " + line + "\n";
    for (const std::string& line : outcome) differences += "  was       " + line + "\n";
  }
  for (const std::string& line : after_) actual_ += line + "\n";
  return differences;
}

std::vector<std::string> Scenario::outcome_of(const Step& step) {
  std::string input;
  for (const std::string& line : step.input) input += expanded(line) + "\n";
  const std::string command = expanded(step.command);
  if (command.starts_with("forgectl ")) return forgectl(command.substr(9), input);
  if (command.starts_with("read ")) return read(command.substr(5));
  const Status status = other(shell_words(command), input);
  return status.ok() ? std::vector<std::string>() : std::vector<std::string>{"! " + status.message()};
}

std::vector<std::string> Scenario::forgectl(const std::string& line, const std::string& input) {
  std::vector<std::string> words = shell_words(line);
  std::string file;
  if (words.size() > 2 && words[words.size() - 2] == ">") {
    file = words.back();
    words.resize(words.size() - 2);
  }
  const Answer answer = bench_.run(words, input);
  std::vector<std::string> out;
  if (file.empty()) {
    out = lines_of(answer.out);
  } else {
    bench_.write(file, answer.out);
  }
  for (const std::string& error : lines_of(answer.err)) out.push_back("! " + error);
  if (answer.exit != 0) out.push_back("(exit " + std::to_string(answer.exit) + ")");
  return out;
}

std::vector<std::string> Scenario::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return {"! there is no file " + path};
  return lines_of(std::string(std::istreambuf_iterator<char>(file), {}));
}

Status Scenario::other(const std::vector<std::string>& words, const std::string& input) {
  std::error_code error;
  const std::string& verb = words.at(0);
  if (verb == "cd") {
    fs::current_path(words.at(1), error);
  } else if (verb == "write") {
    bench_.write(words.at(1), input);
  } else if (verb == "use" && words.at(1).find('/') != std::string::npos) {
    fs::copy(fs::path(FORGE_SOURCE_DIR "/examples") / words[1], ".", fs::copy_options::overwrite_existing, error);
  } else if (verb == "use") {
    bench_.write("shop.fbs", kShop);
  } else if (verb == "remove" && words.at(1).find('*') == std::string::npos) {
    fs::remove_all(words.at(1), error);
  } else if (verb == "remove") {
    FORGE_ASSIGN(const fs::path found, first_match(words.at(1)));
    fs::remove(found, error);
  } else if (verb == "cut") {
    FORGE_ASSIGN(const fs::path found, first_match(words.at(1)));
    fs::resize_file(found, static_cast<std::uintmax_t>(std::stoull(words.at(2))), error);
  } else if (verb == "copy") {
    fs::copy(words.at(1), words.at(2), fs::copy_options::recursive, error);
  } else if (verb == "flip") {
    return flip(words.at(1), std::stoll(words.at(2)));
  } else if (verb == "clock") {
    bench_.clock.micros += std::stoll(words.at(1)) * 1'000'000;
  } else if (verb == "set") {
    const std::size_t equals = words.at(1).find('=');
    bench_.environment[words[1].substr(0, equals)] = words[1].substr(equals + 1);
  } else if (verb == "terminal") {
    bench_.columns = static_cast<std::size_t>(std::stoul(words.at(1)));
    bench_.out_is_terminal = bench_.columns > 0;
  } else if (verb == "hold" || verb == "answer") {
    OpenOptions options;
    options.clock = &bench_.clock;
    options.ids = &bench_.ids;
    options.owner = "another program";
    FORGE_ASSIGN(held_, Store::open(words.at(1), options));
    if (verb == "answer") {
      FORGE_ASSIGN(server_, Server::start(*held_));
    }
  } else if (verb == "release") {
    server_.reset();
    held_.reset();
  } else {
    return {ErrorId::kUsage, "a scenario has no command '" + verb + "'"};
  }
  return error ? Status(ErrorId::kInternal, error.message()) : Status();
}

}  // namespace forge::cli
