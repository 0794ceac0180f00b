#include "solution.cpp"

#undef NDEBUG
#include <cassert>

int main() {
    assert(topicMatches("house/3/temperature", "house/3/temperature"));
    assert(!topicMatches("house/3", "house/3/temperature"));
    assert(!topicMatches("house/3/temperature", "house/3"));
    assert(topicMatches("house/+/temperature", "house/3/temperature"));
    assert(!topicMatches("house/+", "house/3/temperature"));
    assert(!topicMatches("house/+", "house"));
    assert(topicMatches("house/+", "house/"));
    assert(topicMatches("+/+", "/finance") && topicMatches("/+", "/finance") && !topicMatches("+", "/finance"));
    assert(topicMatches("#", "a/b/c") && topicMatches("house/#", "house/3/door"));
    assert(!topicMatches("#", "$SYS/load") && !topicMatches("+/load", "$SYS/load"));
    assert(topicMatches("$SYS/#", "$SYS/load"));
    assert(!topicMatches("house/#", "houses"));
    assert(topicMatches("house/3/#", "house/3"));
    assert(topicMatches("+/3/#", "house/3"));
    return 0;
}
