#include "secret.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "forge/events/constraint.h"

namespace forge::internal {
namespace {

constexpr std::size_t kSecretBytesMax = 64 << 10;
constexpr std::size_t kHiddenBytesMin = 4;

Status no_secret(const std::string& reference, std::string why) {
  return Status(ErrorId::kArgumentMissing, "the secret " + reference + " is not there").why(std::move(why));
}

Result<std::string> checked(const std::string& reference, std::string value) {
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  if (value.empty()) return no_secret(reference, "it is empty");
  const bool fits = value.size() <= kSecretBytesMax && std::all_of(value.begin(), value.end(), [](char c) {
                      return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
                    });
  if (fits) return value;
  return Status(ErrorId::kArgumentRange, "the secret " + reference + " cannot be sent")
      .why("it has more than one line, or more than 64 KiB");
}

Value hidden(const std::vector<std::string>& secrets, const Value& value);

Object hidden_members(const std::vector<std::string>& secrets, const Object& object) {
  Object made;
  for (const auto& [name, member] : object.members()) {
    std::string shown = name;
    hide_secrets(secrets, shown);
    made.add(std::move(shown), hidden(secrets, member));
  }
  return made;
}

Value hidden(const std::vector<std::string>& secrets, const Value& value) {
  if (const std::string* text = value.if_text()) {
    std::string shown = *text;
    hide_secrets(secrets, shown);
    return shown;
  }
  if (const Bytes* bytes = value.if_bytes()) {
    std::string shown(bytes->begin(), bytes->end());
    hide_secrets(secrets, shown);
    return Bytes(shown.begin(), shown.end());
  }
  if (const Object* object = value.if_object()) return hidden_members(secrets, *object);
  const List* list = value.if_list();
  if (list == nullptr) return value;
  List made;
  for (const Value& item : *list) made.push_back(hidden(secrets, item));
  return made;
}

}  // namespace

bool is_secret_reference(std::string_view text) {
  return text.starts_with("env:") || text.starts_with("file:");
}

Result<std::string> read_secret(const std::string& reference) {
  if (reference.starts_with("file:")) return read_secret_file(reference.substr(5));
  const std::string name = reference.starts_with("env:") ? reference.substr(4) : "";
  const char* value = name.empty() ? nullptr : std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (value == nullptr) return no_secret(reference, "the environment has no such variable");
  return checked(reference, value);
}

Result<std::string> read_secret_file(const std::string& path) {
  const std::string reference = "file:" + path;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return no_secret(reference, "the file cannot be read");
  std::string value(kSecretBytesMax + 2, '\0');
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  value.resize(static_cast<std::size_t>(file.gcount()));
  return checked(reference, std::move(value));
}

// The longest first: one may be the beginning of another.
void hide_secrets(const std::vector<std::string>& secrets, std::string& text) {
  std::vector<std::string> sorted = secrets;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const std::string& secret : sorted) {
    if (secret.size() < kHiddenBytesMin) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kSecretShown.size())) {
      text.replace(at, secret.size(), kSecretShown);
    }
  }
}

void hide_secrets(const std::vector<std::string>& secrets, Value& value) {
  if (!secrets.empty()) value = hidden(secrets, value);
}

}  // namespace forge::internal
