// What `serve`, a reload and `check` find wrong with a configuration and with this machine.
#include "config/options.h"
#include "daemon/certificates.h"
#include "daemon/node_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace hermetic::daemon {
namespace {

namespace filesystem = std::filesystem;

class CheckTest : public testing::Test {
protected:
    void SetUp() override
    {
        folder_ = filesystem::temp_directory_path() / ("check_test." + std::to_string(::getpid()));
        filesystem::remove_all(folder_);
        filesystem::create_directories(folder_);
        write("plain", "no folder, no socket, no program");
    }
    void TearDown() override { filesystem::remove_all(folder_); }

    void write(const std::string& name, const std::string& text)
    {
        std::ofstream{folder_ / name} << text;
    }
    // A configuration of this folder with these lines; `top` has top-level keys.
    [[nodiscard]] std::string configure(const std::string& top, const std::string& tables,
                                        const std::string& listener)
    {
        const std::string data = top.find("data_directory") == std::string::npos
                                     ? "data_directory = \"new/data\"\n"
                                     : "";
        write("hermetic.toml",
              fmt::format("hostname = \"mx.example.org\"\n{}{}\n[[listener]]\nname = \"mx\"\n"
                          "addresses = [\"127.0.0.1:0\"]\n{}\n{}",
                          data, top, listener, tables));
        return (folder_ / "hermetic.toml").string();
    }
    // "line key" of each fault.
    static std::string places(const config::Diagnostics& faults)
    {
        std::string text;
        for (const auto& each : faults) {
            EXPECT_FALSE(each.what.empty() || each.expected.empty() || each.file.empty());
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", each.line, each.key);
        }
        return text;
    }
    static std::string check(const std::string& file)
    {
        const auto node = load_node_file(file);
        if (!node) return places(node.error());
        const auto contexts = load_listener_contexts(node->options, node->document, file,
                                                     system_clock().wall(), MadeFiles::Leave, {});
        return contexts ? places(find_unfit_data(*node)) : places(contexts.error());
    }

    filesystem::path folder_;
};

TEST_F(CheckTest, WhatIsInOrderLeavesNothingBehind)
{
    EXPECT_EQ(check(configure("", "", "")), "");
    EXPECT_FALSE(filesystem::exists(folder_ / "new"));
}

struct Wrong {
    const char* what;
    const char* top;
    const char* listener;
    const char* tables;
    const char* places;
};

// clang-format off
const Wrong kWrong[] = {
    {"data below a file",       "data_directory = \"plain/data\"\n", "", "",                        "2 data_directory"},
    {"data is a file",          "data_directory = \"plain\"\n", "", "",                             "2 data_directory"},
    {"log is a folder",         "", "", "[log]\nfile = \".\"\n",                                    "9 log.file"},
    {"log below a file",        "", "", "[log]\nfile = \"plain/log\"\n",                            "9 log.file"},
    {"log in no folder",        "", "", "[log]\nfile = \"nowhere/log\"\n",                              "9 log.file"},
    {"anchors that are none",   "", "", "[resolver]\nroot_anchor_file = \"plain\"\n",                  "9 resolver.root_anchor_file"},
    {"socket is a file",        "", "", "[admin]\nsocket = \"plain\"\n",                            "9 admin.socket"},
    {"socket in no folder",     "", "", "[admin]\nsocket = \"nowhere/a\"\n",                        "9 admin.socket"},
    {"socket beside the data",  "", "", "[admin]\nsocket = \"new/data2/a\"\n",                     "9 admin.socket"},
    {"read socket is a file",   "", "", "[admin]\nread_socket = \"plain\"\n",                       "9 admin.read_socket"},
    {"both sockets are one",    "", "", "[admin]\nsocket = \"a\"\nread_socket = \"a\"\n",           "10 admin.read_socket"},
    {"ciphers",                 "", "ciphers = \"NONE-SUCH\"", "",                                  "7 listener[0].ciphers"},
    {"groups",                  "", "groups = \"P-257\"", "",                                       "7 listener[0].groups"},
    {"no chain, two faults",    "", "certificates = [\"a\", \"b\"]",
     "[[certificate]]\nname = \"a\"\nchain = \"none.pem\"\nkey = \"none.key\"\n"
     "[[certificate]]\nname = \"b\"\nchain = \"plain\"\nkey = \"plain\"\n",                         "10 certificate[0].chain, 15 certificate[1].key"},
};
// clang-format on

TEST_F(CheckTest, EachFaultHasItsLineAndKey)
{
    for (const Wrong& row : kWrong)
        EXPECT_EQ(check(configure(row.top, row.tables, row.listener)), row.places) << row.what;
}

TEST_F(CheckTest, ALogBesideTheSpoolIsTaken)
{
    EXPECT_EQ(check(configure("", "[log]\nfile = \"new/data/log\"\n", "")), "");
}

// 192.0.2.0/24 (RFC 5737) is nobody's.
TEST_F(CheckTest, WhatAStartMayHaveToDoWithoutIsAWarning)
{
    const std::string anchors = "[resolver]\nroot_anchor_file = \"none\"\n";
    const std::string more =
        anchors + "[[listener]]\nname = \"b\"\naddresses = [\"[::1]:0\", \"192.0.2.77:25\"]\n";
    const auto node = load_node_file(configure("", more, ""));
    ASSERT_TRUE(node.has_value());
    EXPECT_EQ(places(find_start_warnings(*node)),
              "9 resolver.root_anchor_file, 12 listener[1].addresses");
}

// A start refuses both, and changes nothing of them.
TEST_F(CheckTest, WhatEarlierStartsHaveLeftIsJudgedAsAStartDoes)
{
    const std::string file = configure("", "", "");
    filesystem::create_directories(folder_ / "new/data/spool/db");
    write("new/data/spool/identity", "no identity");
    EXPECT_EQ(check(file), "2 data_directory");
    write("new/data/paused-destinations", "nobody's\n");
    EXPECT_EQ(check(file), "2 data_directory, 2 data_directory");
    filesystem::remove_all(folder_ / "new/data/spool");
    EXPECT_EQ(check(file), "2 data_directory");
    filesystem::remove(folder_ / "new/data/paused-destinations");
    EXPECT_EQ(check(file), "");
}

// The files of a running server: a start would mend them, a check reports what it would do.
TEST_F(CheckTest, DamagedFilesThatAServerMadeAreLeftAsTheyAre)
{
    const std::string file = configure("", "", "");
    const auto node = load_node_file(file);
    ASSERT_TRUE(node.has_value());
    const auto load = [&](MadeFiles made) {
        return load_listener_contexts(node->options, node->document, file, system_clock().wall(),
                                      made, {});
    };
    const auto files = [this] {
        std::string text;
        for (const char* name : {"self-signed.pem", "self-signed.key"}) {
            std::ifstream in{folder_ / "new/data/tls" / name};
            text += std::string{std::istreambuf_iterator<char>{in}, {}} + "|";
        }
        return text;
    };
    ASSERT_TRUE(load(MadeFiles::Write).has_value());
    for (const char* name : {"self-signed.pem", "self-signed.key"}) {
        write(std::string{"new/data/tls/"} + name, "rotten");
        const std::string before = files();
        const auto checked = load(MadeFiles::Leave);
        ASSERT_TRUE(checked.has_value()) << name;
        EXPECT_EQ(checked->damaged.size(), 1U) << name;
        EXPECT_EQ(files(), before) << name;
        EXPECT_FALSE(
            filesystem::exists(folder_ / "new/data/tls" / (std::string{name} + ".unusable")));
        ASSERT_TRUE(load(MadeFiles::Write).has_value());
        EXPECT_TRUE(load(MadeFiles::Leave)->damaged.empty()) << "mended by a start";
    }
}

// ACME's stand-in is made where nothing has been issued, and only by a server.
TEST_F(CheckTest, WhatIsMadeIsWrittenByAServerOnly)
{
    const std::string file =
        configure("",
                  "[acme]\nhttp = [\"127.0.0.1:0\"]\n[[certificate]]\nname = \"a\"\n"
                  "acme = \"https://ca.test/\"\nacme_domains = [\"mx.example.org\"]\n",
                  "certificates = [\"a\"]");
    EXPECT_EQ(check(file), "");
    EXPECT_FALSE(filesystem::exists(folder_ / "new"));
    const auto node = load_node_file(file);
    ASSERT_TRUE(node.has_value());
    const auto contexts = load_listener_contexts(node->options, node->document, file,
                                                 system_clock().wall(), MadeFiles::Write, {});
    ASSERT_TRUE(contexts.has_value());
    EXPECT_TRUE(filesystem::exists(folder_ / "new/data/tls/a.stand-in.key"));
}

}  // namespace
}  // namespace hermetic::daemon
