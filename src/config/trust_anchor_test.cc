#include "config/trust_anchor.h"

#include <gtest/gtest.h>

#include <string>

namespace hermetic::config {
namespace {

const std::string k64(64, 'a');

TEST(TrustAnchor, RecordsAsToolsPrintThemAreTaken)
{
    const std::string key = "AwEAAag=";
    for (const std::string& each :
         {"example.org. IN DS 12345 13 2 " + k64, "example.org 3600 IN DS 1 RSASHA256 2 " + k64,
          "example.org.\t3600\tin\tds\t1 13 2 ( " + k64.substr(0, 32) + " " + k64.substr(32) + " )",
          "signed.test. DS 1 13 2 " + k64, ". IN DS 20326 8 1 " + std::string(40, 'A'),
          ". IN DS 20326 8 4 " + std::string(96, '0'), "x. IN DS 1 13 2 " + k64 + " ; of 2026",
          ". 172800 IN DNSKEY 257 3 8 " + key,
          std::string{"_x.test. DNSKEY 257 3 ED25519 AwEA Aag"}}) {
        const auto fault = find_trust_anchor_fault(each);
        EXPECT_FALSE(fault.has_value()) << each << ": " << fault->what;
    }
}

struct Wrong {
    std::string text;
    const char* what;
};

TEST(TrustAnchor, WhatIsWrongIsNamed)
{
    const Wrong kWrong[] = {
        {"", "not a DS or DNSKEY"},
        {"nonsense", "not a DS or DNSKEY"},
        {"x. IN A 192.0.2.1", "not a DS or DNSKEY"},
        {"x. IN 3600 DS 1 13 2 " + k64, "not a DS or DNSKEY"},  // the TTL comes first
        {" x. IN DS 1 13 2 " + k64, "begins with a blank"},
        {"x. IN DS", "not a complete DS"},
        {"x. IN DS 1 13 2", "not a complete DS"},
        {"x. IN DS 70000 13 2 " + k64, "not a complete DS"},
        {"x. IN DS 1 nobody 2 " + k64, "not a complete DS"},
        {"x. IN DS 1 13 2 aaa", "has 3 hexadecimal digits"},
        {"x. IN DS 1 13 9 aaa", "whole octets"},
        {"x. IN DS 1 13 2 " + std::string(64, 'g'), "not hexadecimal"},
        {"x..y IN DS 1 13 2 " + k64, "\"x..y\" is not a domain name"},
        {"x. IN DNSKEY 257 3 8", "not a complete DNSKEY"},
        {"x. IN DNSKEY 257 2 8 AwEAAag=", "the protocol is 2"},
        {"x. IN DNSKEY 257 3 8 AwEA!ag=", "not base64"},
    };
    for (const Wrong& row : kWrong) {
        const auto fault = find_trust_anchor_fault(row.text);
        ASSERT_TRUE(fault.has_value()) << row.text;
        EXPECT_NE(fault->what.find(row.what), std::string::npos) << row.text << ": " << fault->what;
        EXPECT_FALSE(fault->expected.empty()) << row.text;
    }
}

}  // namespace
}  // namespace hermetic::config
