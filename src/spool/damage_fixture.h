// For tests only: a spool with mail in tables, in the log and in body files, whose files can be
// damaged.
#pragma once

#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::spool::testing {

namespace fs = std::filesystem;
inline std::string content(const fs::path& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

inline std::string first_line(const fs::path& path)
{
    const std::string text = content(path);
    return text.substr(0, text.find('\n'));
}

inline void write(const fs::path& path, const std::string& text)
{
    std::ofstream{path, std::ios::binary} << text;
}

class DamageFixture : public ::testing::Test {
protected:
    DamageFixture()
    {
        settings.directory = directory.path() + "/spool";
        settings.high_water = settings.low_water = settings.ballast = 0;
        settings.body_file_threshold = 32 << 10;
        settings.on_event = [this](const SpoolEvent& event) {
            events.push_back(std::string{event.id} + ": " + event.words);
        };
        fill();
    }

    // Mail in tables, mail in the log, and two bodies as files.
    void fill()
    {
        open();
        store(make_text(20'000, 1));
        store_large(make_text(50'000, 2));
        close();
        open();
        for (std::uint64_t i = 0; i < 6; ++i) store(make_text(20'000, 10 + i));
        store_large(make_text(60'000, 3));
        close();
        events.clear();
    }

    void store(const std::string& text)
    {
        const auto message = maker.message(text);
        ASSERT_EQ(driver->commit(message), Durability::Durable);
        stored.emplace(message->id, text);
    }
    void store_large(const std::string& text)
    {
        const auto writer = spool->write_body(maker.body_id(), "client");
        ASSERT_EQ(driver->append(*writer, text), "");
        ASSERT_EQ(driver->finish(*writer), "");
        const auto message = maker.message(writer->body());
        ASSERT_EQ(driver->commit(message), Durability::Durable);
        stored.emplace(message->id, text);
    }

    // Why not; empty where it was opened.
    std::string try_open()
    {
        auto opened = make_rocksdb_spool(settings, listener, system_clock());
        if (!opened) return opened.error().words;
        spool = std::move(*opened);
        driver.emplace(*spool);
        return {};
    }
    void open() { ASSERT_EQ(try_open(), ""); }
    void close()
    {
        spool->close();
        driver.reset();
        spool.reset();
    }

    [[nodiscard]] fs::path in_database(const std::string& ending) const
    {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator{fs::path{settings.directory} / "db"}) {
            const bool has_octets = entry.is_regular_file() && entry.file_size() > 0;
            if (has_octets && entry.path().string().ends_with(ending)) found.push_back(entry);
        }
        return found.empty() ? fs::path{} : *std::ranges::max_element(found);
    }

    // Every file with what is in it; the lock's pid apart.
    [[nodiscard]] std::map<std::string, std::string> everything() const
    {
        std::map<std::string, std::string> all;
        for (const auto& entry : fs::recursive_directory_iterator{settings.directory}) {
            const std::string name = fs::relative(entry, settings.directory);
            if (name == "lock" || name == "db/LOCK") continue;
            all.emplace(name, entry.is_regular_file() ? content(entry) : "");
        }
        return all;
    }

    static void cut_to(const fs::path& path, std::uintmax_t divisor)
    {
        fs::resize_file(path, fs::file_size(path) / divisor);
    }
    static void flip(const fs::path& path, std::uintmax_t at)
    {
        std::string text = content(path);
        text[at] = static_cast<char>(text[at] ^ 0x20);
        write(path, text);
    }
    [[nodiscard]] fs::path body_file(const std::string& text) const
    {
        for (const auto& entry : fs::recursive_directory_iterator{settings.directory + "/bodies"}) {
            if (entry.is_regular_file() && content(entry).starts_with(text)) return entry;
        }
        return {};
    }

    // Starts twice, as a supervisor does: the same words, and not an octet is changed.
    void expect_refusal(const std::string& words)
    {
        const auto before = everything();
        for (int start = 1; start <= 2; ++start) {
            const std::string refused = try_open();
            ASSERT_THAT(refused, ::testing::HasSubstr(words)) << "start " << start;
            EXPECT_THAT(refused, ::testing::HasSubstr("hermetic spool repair"));
            EXPECT_EQ(everything() == before, true) << "a refusal writes nothing";
        }
    }

    void expect_all_mail()
    {
        const auto claimed = driver->claim_all();
        EXPECT_THAT(claimed, ::testing::SizeIs(stored.size()));
        for (const auto& [id, text] : stored) {
            ASSERT_TRUE(claimed.contains(id));
            EXPECT_EQ(driver->read(claimed.at(id).body) == text, true) << format_id(id);
        }
    }

    // Damages, is refused, mends it from a copy, and finds all mail.
    void expect_refusal_after(const std::string& words, const std::function<void()>& damage)
    {
        const fs::path copy = directory.path() + "/copy";
        fs::copy(settings.directory, copy, fs::copy_options::recursive);
        damage();
        ASSERT_NO_FATAL_FAILURE(expect_refusal(words));
        fs::remove_all(settings.directory);
        fs::rename(copy, settings.directory);
        open();
        expect_all_mail();
        close();
    }

    TemporaryDirectory directory;
    RememberingListener listener;
    MessageMaker maker;
    SpoolSettings settings;
    std::vector<std::string> events;
    std::map<MessageId, std::string> stored;
    std::unique_ptr<Spool> spool;
    std::optional<Driver> driver;
};

}  // namespace hermetic::spool::testing
