#include "solution.c"

#include <string.h>

#undef NDEBUG
#include <assert.h>

static void expect(const char *name, const char *office, const char *filter)
{
    char out[400];

    assert(staff_filter(out, sizeof out, name, office) == (int)strlen(filter));
    assert(strcmp(out, filter) == 0);
    assert(staff_filter(out, strlen(filter), name, office) == -1);
}

int main(void)
{
    expect("Ber", "", "(&(objectClass=person)(!(hidden=TRUE))(cn=Ber*))");
    expect("Ber", "Lyon (Part-Dieu)",
           "(&(objectClass=person)(!(hidden=TRUE))(cn=Ber*)(l=Lyon \\28Part-Dieu\\29))");
    expect("x)(cn=", "", "(&(objectClass=person)(!(hidden=TRUE))(cn=x\\29\\28cn=*))");
    expect("*a", "*", "(&(objectClass=person)(!(hidden=TRUE))(cn=\\2aa*)(l=\\2a))");
    expect("\\29", "", "(&(objectClass=person)(!(hidden=TRUE))(cn=\\5c29*))");
    return 0;
}
