import java.io.File;
import java.util.TreeSet;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;

/**
 * Checks files against PDF/UA-1: {@code PdfCheck file...}
 *
 * <p>Prints one line a file ({@code VALID} or {@code INVALID}, a tab, the path) and one indented line a failed rule. Exit
 * code 0 without failures, 1 with.
 */
public class PdfCheck {
  public static void main(String[] files) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    int invalid = 0;
    for (String file : files) {
      if (!check(file)) {
        invalid++;
      }
    }
    System.exit(invalid > 0 ? 1 : 0);
  }

  private static boolean check(String file) throws Exception {
    var flavour = PDFAFlavour.PDFUA_1;
    var foundry = Foundries.defaultInstance();
    try (var parser = foundry.createParser(new File(file), flavour);
        var validator = foundry.createValidator(flavour, false)) {
      var result = validator.validate(parser);
      System.out.println((result.isCompliant() ? "VALID\t" : "INVALID\t") + file);
      var failures = new TreeSet<String>();
      for (var assertion : result.getTestAssertions()) {
        if (assertion.getStatus() == TestAssertion.Status.FAILED) {
          var rule = assertion.getRuleId();
          failures.add("  error\t" + rule.getClause() + "-" + rule.getTestNumber() + "\t" + assertion.getMessage());
        }
      }
      failures.forEach(System.out::println);
      return result.isCompliant();
    } catch (Exception problem) { // not a PDF at all
      System.out.println("INVALID\t" + file);
      System.out.println("  error\t\t" + problem);
      return false;
    }
  }
}
