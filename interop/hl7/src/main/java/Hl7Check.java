import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.fhir.ucum.UcumEssenceService;
import org.hl7.fhir.r5.elementmodel.Element;
import org.hl7.fhir.r5.elementmodel.JsonParser;
import org.hl7.fhir.r5.elementmodel.Manager.FhirFormat;
import org.hl7.fhir.r5.utils.validation.IValidatorResourceFetcher;
import org.hl7.fhir.r5.utils.validation.constants.ReferenceValidationPolicy;
import org.hl7.fhir.utilities.validation.ValidationMessage;
import org.hl7.fhir.validation.ValidationEngine;
import org.hl7.fhir.validation.instance.advisor.BasePolicyAdvisorForFullValidation;

/**
 * Validates FHIR R4 files: {@code Hl7Check [-d definitions-folder]... [-p Type=profile]... file-or-folder...}
 *
 * <p>A profile given with {@code -p} holds for files of that type, besides what their {@code meta.profile} says. Prints one line a file ({@code VALID} or {@code INVALID}, a tab, the path) and one indented line a message. Exit code
 * 0 without errors, 1 with, 2 when no file was given. The packages are found under {@code user.home}/.fhir/packages.
 */
public class Hl7Check {
  private static final Pattern LITERAL_REFERENCE = Pattern.compile("(?:.*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}");

  private static final Pattern RESOURCE_TYPE = Pattern.compile("\"resourceType\"\\s*:\\s*\"([A-Za-z]+)\"");

  public static void main(String[] arguments) throws Exception {
    var engine = newEngine();
    var profiles = new HashMap<String, String>();
    var files = new ArrayList<Path>();
    for (int index = 0; index < arguments.length; index++) {
      switch (arguments[index]) {
        case "-d" -> engine.getIgLoader().loadIg(engine.getIgs(), engine.getBinaries(), arguments[++index], false);
        case "-p" -> {
          var pair = arguments[++index].split("=", 2);
          profiles.put(pair[0], pair[1]);
        }
        default -> files.addAll(jsonFiles(Path.of(arguments[index])));
      }
    }
    engine.prepare();
    int invalid = 0;
    for (Path file : files) {
      if (!check(engine, file, profiles)) {
        invalid++;
      }
    }
    System.exit(files.isEmpty() ? 2 : invalid > 0 ? 1 : 0);
  }

  private static ValidationEngine newEngine() throws Exception {
    var engine =
        new ValidationEngine.ValidationEngineBuilder()
            .withVersion("4.0.1")
            .withNoTerminologyServer()
            .withCanRunWithoutTerminologyServer(true)
            .withThoVersion("7.0.1")
            .withExtensionsVersion("5.3.0-ballot-tc1")
            .fromSource("hl7.fhir.r4.core#4.0.1");
    engine.setAnyExtensionsAllowed(true).setAllowExampleUrls(true);
    engine.getContext().setUcumService(new UcumEssenceService(Hl7Check.class.getResourceAsStream("/ucum-essence.xml")));
    // Without a policy and a fetcher, the type of what a reference points to is never judged.
    engine.setPolicyAdvisor(
        new BasePolicyAdvisorForFullValidation(ReferenceValidationPolicy.CHECK_TYPE_IF_EXISTS, Set.of()));
    engine.setFetcher(emptyTargets(engine));
    return engine;
  }

  /** A fetcher that answers each literal reference with an empty resource of its type; the rest it knows nothing of. */
  private static IValidatorResourceFetcher emptyTargets(ValidationEngine engine) {
    return (IValidatorResourceFetcher)
        Proxy.newProxyInstance(
            Hl7Check.class.getClassLoader(),
            new Class<?>[] {IValidatorResourceFetcher.class},
            (self, method, values) ->
                switch (method.getName()) {
                  case "fetch" -> emptyTarget(engine, (String) values[2]);
                  case "resolveURL" -> true;
                  case "fetchesCanonicalResource" -> false;
                  case "fetchCanonicalResourceVersions" -> Set.of();
                  case "setLocale" -> self;
                  default -> null;
                });
  }

  private static Element emptyTarget(ValidationEngine engine, String reference) throws Exception {
    var match = LITERAL_REFERENCE.matcher(reference);
    if (!match.matches()) {
      return null;
    }
    var json = "{\"resourceType\":\"" + match.group(1) + "\"}";
    return new JsonParser(engine.getContext())
        .parse(new ArrayList<>(), org.hl7.fhir.utilities.json.parser.JsonParser.parseObject(json));
  }

  private static boolean check(ValidationEngine engine, Path file, Map<String, String> profiles) throws Exception {
    var messages = new ArrayList<ValidationMessage>();
    try {
      byte[] content = Files.readAllBytes(file);
      engine.validate(content, FhirFormat.JSON, profilesFor(content, profiles), messages);
    } catch (Exception problem) { // the engine throws on what it cannot parse at all: that is a finding, not an end
      System.out.println("INVALID\t" + file);
      System.out.println("  fatal\t\t" + problem);
      return false;
    }
    boolean valid = messages.stream().noneMatch(message -> message.getLevel().isError());
    System.out.println((valid ? "VALID\t" : "INVALID\t") + file);
    for (var message : messages) {
      System.out.println(
          "  " + message.getLevel().toCode() + "\t" + message.getLocation() + "\t" + message.getMessage());
    }
    return valid;
  }

  private static List<String> profilesFor(byte[] content, Map<String, String> profiles) {
    var type = RESOURCE_TYPE.matcher(new String(content, StandardCharsets.UTF_8));
    var profile = type.find() ? profiles.get(type.group(1)) : null;
    return profile == null ? List.of() : List.of(profile);
  }

  private static List<Path> jsonFiles(Path path) throws Exception {
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    try (Stream<Path> paths = Files.walk(path)) {
      return paths.filter(each -> each.toString().endsWith(".json")).sorted().toList();
    }
  }
}
