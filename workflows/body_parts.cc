#include "body_parts.h"

#include <algorithm>

namespace forge::internal {
namespace {

void add_request(const fb::HttpStepT& http, const std::string& below, BodyParts& parts) {
  std::string method = http.method;
  for (char& c : method) c = static_cast<char>(c | 0x20);
  parts.values.push_back({http.path.get(), below + "." + method, true});
  parts.values.push_back({http.body.get(), below + (http.content == fb::Content::Raw ? ".body" : ".json")});
  parts.named.push_back({&http.query, below + ".query"});
  parts.named.push_back({&http.headers, below + ".headers"});
  parts.named.push_back({&http.form, below + ".form"});
}

void add_map(const fb::MapStepT& map, BodyParts& parts) {
  parts.values.push_back({map.over.get(), map.source == fb::MapSource::File ? ".over.file" : ".over"});
  if (map.pages != nullptr) add_request(*map.pages, ".over.pages", parts);
}

void add_exec(const fb::ExecStepT& exec, BodyParts& parts) {
  for (std::size_t i = 0; i < exec.arguments.size(); ++i) {
    parts.values.push_back({exec.arguments[i].get(), ".exec." + std::to_string(i + 1)});
  }
  parts.named.push_back({&exec.environment, ".environment"});
}

bool has_none(const fb::BindingT&) {
  return false;
}
bool has_none(const std::vector<std::unique_ptr<fb::NamedT>>& named) {
  return named.empty();
}

}  // namespace

BodyParts parts_of(const fb::BodyUnion& body) {
  BodyParts parts;
  const auto value = [&parts](const std::unique_ptr<fb::BindingT>& binding, const char* path) {
    parts.values.push_back({binding.get(), path});
  };
  switch (body.type) {
    case fb::Body::ReadStep:
      value(body.AsReadStep()->key, ".key");
      break;
    case fb::Body::HttpStep:
      add_request(*body.AsHttpStep(), ".http", parts);
      break;
    case fb::Body::ExecStep:
      add_exec(*body.AsExecStep(), parts);
      break;
    case fb::Body::MapStep:
      add_map(*body.AsMapStep(), parts);
      break;
    case fb::Body::CollectStep:
      parts.named.push_back({&body.AsCollectStep()->results, ".collect"});
      value(body.AsCollectStep()->transform, ".into");
      break;
    case fb::Body::SwitchStep:
      for (const auto& branch : body.AsSwitchStep()->branches) {
        parts.conditions.push_back({&branch->when, ".switch." + branch->name + ".when"});
      }
      break;
    case fb::Body::RecurseStep:
      value(body.AsRecurseStep()->start, ".recurse.start");
      parts.conditions.push_back({&body.AsRecurseStep()->until, ".recurse.until"});
      break;
    case fb::Body::TemplateStep:
      value(body.AsTemplateStep()->text, ".template");
      break;
    case fb::Body::SleepStep:
      value(body.AsSleepStep()->duration, ".sleep");
      value(body.AsSleepStep()->until, ".until");
      break;
    case fb::Body::WaitStep:
      value(body.AsWaitStep()->key, ".key");
      parts.conditions.push_back({&body.AsWaitStep()->where, ".wait.where"});
      break;
    case fb::Body::SignalStep:
      value(body.AsSignalStep()->key, ".key");
      break;
    case fb::Body::ApproveStep:
      value(body.AsApproveStep()->question, ".approve");
      break;
    case fb::Body::HaltStep:
      value(body.AsHaltStep()->value, ".halt");
      break;
    case fb::Body::DebugStep:
      value(body.AsDebugStep()->label, ".debug");
      break;
    case fb::Body::FailStep:
      value(body.AsFailStep()->message, ".fail");
      break;
    default:
      break;
  }
  return parts;
}

Object labelled(const Object& given, const fb::BodyUnion& body) {
  const BodyParts parts = parts_of(body);
  Object all;
  const auto add = [&all](const auto& of, const Value& values) {
    for (std::size_t i = 0; values.if_list() != nullptr && i < std::min(of.size(), values.if_list()->size()); ++i) {
      if (of[i].part != nullptr && !has_none(*of[i].part))
        all.add(of[i].path.substr(of[i].path.rfind('.') + 1), (*values.if_list())[i]);
    }
  };
  for (const auto& [name, value] : given.members()) {
    if (name == "values") {
      add(parts.values, value);
    } else if (name == "named") {
      add(parts.named, value);
    } else {
      all.add(name, value);
    }
  }
  return all;
}

std::vector<Part<fb::BlockT>> inner_blocks(const fb::BodyUnion& body) {
  switch (body.type) {
    case fb::Body::TransactionStep:
      return {{body.AsTransactionStep()->body.get(), ".step"}};
    case fb::Body::MapStep:
      return {{body.AsMapStep()->body.get(), ".step"}};
    case fb::Body::RecurseStep:
      return {{body.AsRecurseStep()->body.get(), ".step"}};
    case fb::Body::GroupStep:
      return {{body.AsGroupStep()->before_all.get(), ".before_all"},
              {body.AsGroupStep()->body.get(), ".step"},
              {body.AsGroupStep()->after_all.get(), ".after_all"}};
    case fb::Body::AroundStep:
      return {{body.AsAroundStep()->begin.get(), ".around"},
              {body.AsAroundStep()->body.get(), ".step"},
              {body.AsAroundStep()->commit.get(), ".around"},
              {body.AsAroundStep()->abort.get(), ".around"}};
    case fb::Body::SwitchStep: {
      std::vector<Part<fb::BlockT>> blocks;
      for (const auto& branch : body.AsSwitchStep()->branches) {
        const std::string below = branch->when.empty() ? ".default" : ".switch." + branch->name;
        blocks.push_back({branch->body.get(), below + ".step"});
      }
      return blocks;
    }
    default:
      return {};
  }
}

}  // namespace forge::internal
