#pragma once

// What the command line asks for.

#include <filesystem>
#include <string>

namespace forge::bench {

struct Settings {
  bool quick = false;
  bool json = false;
  std::string only;  // figures whose name begins so; empty: all
  std::filesystem::path parent = ".";
  std::filesystem::path directory;  // a fresh one below `parent`
  int rounds = 7;
  double seconds = 0.5;  // of one measurement of throughput

  std::filesystem::path fresh(const std::string& name) const {
    std::filesystem::remove_all(directory / name);
    return directory / name;
  }
  bool wants(std::string_view figure) const { return figure.starts_with(only) || only.starts_with(figure); }
};

}  // namespace forge::bench
