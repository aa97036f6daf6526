#include "request_reader.h"

#include <algorithm>
#include <array>

#include "datum.h"
#include "decision.h"
#include "http_call.h"

namespace forge::internal {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kMethods = {
    {{"get", "GET"}, {"post", "POST"}, {"put", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}, {"head", "HEAD"}}};

bool is_plain(const Value& value) {
  return value.is_null() || value.if_text() != nullptr || value.if_int() != nullptr || value.if_double() != nullptr ||
         value.if_bool() != nullptr;
}

bool is_plain_or_list(const Value& value) {
  const List* list = value.if_list();
  return list == nullptr ? is_plain(value) : std::all_of(list->begin(), list->end(), is_plain);
}

bool is_raw_body(const Value& value) {
  return value.if_bytes() != nullptr || (!value.is_null() && is_plain(value));
}

class RequestReader {
 public:
  RequestReader(const Findings& findings, TableReader& table) : findings_(findings), table_(table) {}

  fb::HttpStepT read() {
    fb::HttpStepT made;
    made.client = table_.text("client");
    for (const auto& [name, method] : kMethods) {
      if (auto path = table_.binding(name, "a text: the path of the request",
                                     [](const Value& value) { return value.if_text() != nullptr; })) {
        if (made.path != nullptr) one_only("method", "get, post, put, patch, delete and head");
        check_path(*path, name);
        made.method = method;
        made.path = std::move(path);
      }
    }
    if (made.path == nullptr) {
      table_.missing("get", "a method with a path: get, post, put, patch, delete or head");
      made.path = std::make_unique<fb::BindingT>();
    }
    made.query = table_.named("query", "a text, a number, true or false, or a list of these", is_plain_or_list);
    made.headers = table_.named("headers");
    check_headers(findings_, table_, made.headers);
    read_content(made);
    return made;
  }

 private:
  // As far as it stands in the definition: what comes before its first reference.
  void check_path(const fb::BindingT& path, std::string_view name) const {
    std::string begin;
    if (path.kind == fb::BindingKind::Text) begin = path.text.substr(0, path.text.find("${"));
    if (path.kind == fb::BindingKind::Literal && path.literal != nullptr) begin = path.literal->text;
    const bool whole = begin.starts_with("http://") || begin.starts_with("https://");
    const bool goes_on = path.kind == fb::BindingKind::Text && std::string_view("https://").starts_with(begin);
    if (begin.empty() || whole) return;
    if (begin.starts_with('/') && !table_.has("client")) {
      findings_.add(ErrorId::kWorkflowAttribute, table_.path_of(name), table_.what() + " asks '" + begin + "' of nobody",
                    "without a client, a request names the whole URL", "write https://pay.example/charges, or name a client");
    } else if (!begin.starts_with('/') && !goes_on) {
      findings_.add(ErrorId::kWorkflowAttribute, table_.path_of(name), table_.what() + " has a path that is none",
                    "'" + begin + "' begins neither with '/' nor with http:// or https://", "write /charges");
    }
  }

  void read_content(fb::HttpStepT& made) {
    const int given = int{table_.has("json")} + int{table_.has("form")} + int{table_.has("body")};
    if (given > 1) one_only("body", "json, form and body");
    if (auto json = table_.binding("json")) made.content = fb::Content::Json, made.body = std::move(json);
    if (auto raw = table_.binding("body", "a text, a number, or true or false; a list or table is given as json", is_raw_body)) {
      made.content = fb::Content::Raw, made.body = std::move(raw);
    }
    made.form = table_.named("form", "a text, a number, or true or false", is_plain);
    if (table_.has("form")) made.content = fb::Content::Form;
  }

  void one_only(const std::string& what, const std::string& of) const {
    findings_.add(ErrorId::kWorkflowAttribute, table_.path(), table_.what() + " has more than one " + what,
                  "one of " + of + " is allowed");
  }

  const Findings& findings_;
  TableReader& table_;
};

}  // namespace

fb::HttpStepT read_request(const Findings& findings, TableReader& table) {
  return RequestReader(findings, table).read();
}

void check_headers(const Findings& findings, const TableReader& table, const std::vector<std::unique_ptr<fb::NamedT>>& headers) {
  for (const auto& header : headers) {
    const std::string path = table.path_of("headers") + "." + header->name;
    if (!is_header_name(header->name)) {
      findings.add(ErrorId::kWorkflowAttribute, path + "!", "'" + header->name + "' cannot name a header",
                   "it is a word of letters, digits and -");
    }
    if (header->value->kind != fb::BindingKind::Literal || header->value->literal == nullptr) continue;
    const Result<Value> value = to_value(*header->value->literal);
    const bool is_line = value.ok() && (value->if_text() == nullptr || is_header_value(*value->if_text()));
    if (!value.ok() || (is_plain(*value) && is_line)) continue;
    findings.add(ErrorId::kWorkflowAttribute, path, table.what() + " has a header '" + header->name + "' that cannot be sent",
                 "it is " + shown_briefly(*value) + ", wanted is one line of text, a number, or true or false");
  }
}

}  // namespace forge::internal
