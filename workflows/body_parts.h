#pragma once

// What the kinds of steps consist of, in one place: values, conditions and inner blocks, each with its path below the step.

#include <string>
#include <vector>

#include "forge/events/value.h"
#include "workflow_generated.h"

namespace forge::internal {

template <typename T>
struct Part {
  const T* part = nullptr;  // null where it was left out
  std::string path;
  bool is_url = false;  // of a value: what it refers to is percent-encoded in it
};

struct BodyParts {
  // Of read: the key. Of http: the path, the body. Of exec: the arguments. Of map: what it goes over, and the two of pages. Of
  // collect: what it makes. Of recurse: the start. Of template, approve, halt, debug and fail: the one. Of sleep: the duration, the
  // time. Of wait and signal: the key.
  std::vector<Part<fb::BindingT>> values;
  // Of http: query, headers, form. Of map: the three of pages. Of exec: the environment. Of collect: the results.
  std::vector<Part<std::vector<std::unique_ptr<fb::NamedT>>>> named;
  // Of switch: of each branch, empty for the default. Of recurse: until. Of wait: where.
  std::vector<Part<std::string>> conditions;
};

BodyParts parts_of(const fb::BodyUnion& body);

// What a step was given, {args, values, named, …} in the order of parts_of(), with each value and named one by its own name: "key",
// "headers". What the step does not have is left out.
Object labelled(const Object& given, const fb::BodyUnion& body);

// The blocks inside a step. Of transaction, map and recurse: the one. Of switch: of each branch. Of group: before_all, its own,
// after_all. Of around: begin, its own, commit, abort. What was left out is null.
std::vector<Part<fb::BlockT>> inner_blocks(const fb::BodyUnion& body);

}  // namespace forge::internal
