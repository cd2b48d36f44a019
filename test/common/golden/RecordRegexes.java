import com.google.re2j.*;
/** Golden vectors: what RE2/J 1.8 makes of patterns. */
public class RecordRegexes {
  static String q(String s) {
    StringBuilder b = new StringBuilder("\"");
    for (char c : s.toCharArray()) {
      if (c == '"' || c == '\\') b.append('\\').append(c);
      else if (c < 32 || c > 126) b.append(String.format("\\u%04x", (int) c));
      else b.append(c);
    }
    return b.append('"').toString();
  }
  public static void main(String[] args) throws Exception {
    String[] names = {"a", "aa", "ab", "b", "foo", "Foo", "FOO", "foo-1", "foo.bar", "foo_bar", "foobar", "orders", "orders-42", "__consumer_offsets", "x1y2", "test.topic", "A-B_C.d", "1", "123", "k"};
    java.util.List<String> patterns = new java.util.ArrayList<>(java.util.Arrays.asList(
      "", "a", "a*", "a+", "a?", "a|b", "(a|b)+", "foo.*", "foo\\.bar", "foo.bar", "^foo$", "^$", "foo|", "|foo", "()", "(|a)b", "a{2}", "a{1,2}", "a{,2}", "a{2,1}", "a{1001}", "a{1000}", "(a{100}){11}", "(a{10}){100}", "a**", "a*+", "a*?", "a+?", "a??", "a???", "*", "+a", "?", "|*", "(*)", "(", ")", "a)", "(a", "[a", "[]", "[]a]", "[^]a]", "[a-]", "[-a]", "[a-c-e]", "[c-a]", "[a-c]", "[\\d]+", "[^\\d]+", "[[:alpha:]]+", "[[:foo:]]", "[[:^digit:]]+", "[\\w.-]+", "\\d+", "\\D+", "\\w+", "\\W", "\\s", "\\S+", "\\pL+", "\\p{L}+", "\\p{Lu}+", "\\P{L}+", "\\p{^L}+", "\\p{Greek}", "\\p{Foo}", "\\p", "\\pX", "\\p{", "\\p{Latin}+", "\\p{Any}+", "(?i)foo", "(?i)FOO.*", "(?i:f)oo", "(?i)[f]oo", "(?i)[f-g]OO", "(?-i)foo", "(?x)foo", "(?", "(?i", "(?-", "(?-)", "(?i-)", "(?P<n>foo)", "(?P<n>a)(?P<n>b)", "(?P<>a)", "(?P<n", "(?P=n)", "(?<n>foo)", "(?<=a)b", "(?=a)", "(?!a)b", "(?:foo)+", "(?s).+", "(?m)^foo$", "(?U)a+", "\\Afoo\\z", "\\Z", "\\bfoo\\b", "foo\\b.*", "\\Bfoo", "\\Qfoo.bar\\E", "\\Qfoo.bar", "\\Qa\\E+", "\\x61", "\\x{61}", "\\x{110000}", "\\x", "\\x6", "\\xg", "\\x{6", "\\141", "\\1", "\\8", "\\0", "\\07", "\\a", "\\q", "\\", "foo\\", "\\.", "\\-", "\\_", "\\@", "\\C", "\\E", "{", "a{", "a{1", "{1}", "}", "a{01}", "a{1}{2}", "(a{1}){2}", "a{1}?", "]", "a]", "x.y.", "x[0-9]y[0-9]", "(foo|orders)(-[0-9]+)?", "f(o)\\1", "(a)(b)?", "((a))", "a||b", "(?:)", "(?i)\u212A", "\u212A", "(?i)k", "[\u00e4]", "f\u00f6o", "a\nb", "\\n", "[a\\]b]+", "[\\x61-\\x63]", "[\\Q]", "[--a]", "[a--]", "[^a]", "[^a-z]+", "[[a]", "[[:alpha:]", "[:alpha:]+", "[[:word:]]+", "\\pN", "foo$bar", "a^b", "(^a|b$)", "(?i)(foo|BAR)", "(foo", "foo)", "a{0}", "a{0,}", "a{0,0}b", "(a*)*", "(a|b|)*", ".{3}", ".{3,5}", "..", "\\w{3}", "(?i)a{2}", "[0-9]{3}", "^[a-z]+[.][a-z]+$"));
    StringBuilder out = new StringBuilder("{\"names\": [");
    for (int i = 0; i < names.length; i++) out.append(i == 0 ? "" : ", ").append(q(names[i]));
    out.append("],\n\"patterns\": [\n");
    for (int p = 0; p < patterns.size(); p++) {
      String pattern = patterns.get(p);
      out.append(" [" + q(pattern) + ", ");
      try {
        Pattern c = Pattern.compile(pattern);
        StringBuilder m = new StringBuilder();
        for (String n : names) m.append(c.matcher(n).matches() ? '1' : '0');
        out.append(q(m.toString()) + ", null]");
      } catch (PatternSyntaxException e) {
        out.append("null, " + q(e.getDescription()) + "]");
      }
      out.append(p + 1 < patterns.size() ? ",\n" : "\n");
    }
    System.out.println(out.append("]}"));
  }
}
