import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.IDaoRegistry;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.config.util.ResourceCountCacheUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.DaoRegistryResourceSupportedSvc;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.search.IStaleSearchDeletingSvc;
import ca.uhn.fhir.jpa.search.StaleSearchDeletingSvcImpl;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.util.ResourceCountCache;
import ca.uhn.fhir.rest.api.IResourceSupportedSvc;
import ca.uhn.fhir.rest.server.HardcodedServerAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.interceptor.SearchPreferHandlingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.IInstanceValidatorModule;
import jakarta.persistence.EntityManagerFactory;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.h2.jdbcx.JdbcConnectionPool;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/**
 * A HAPI FHIR R4 server on loopback, kept in memory, as plain as its own defaults.
 *
 * <p>Settings are system properties: {@code port}; {@code base}, the address that page links and Location show, which is
 * the guard's when one stands in front; {@code validate=true} refuses what is not valid R4.
 */
@Configuration
@EnableTransactionManagement
@Import({
  JpaR4Config.class,
  JpaBatch2Config.class,
  Batch2JobsConfig.class,
  ThreadPoolFactoryConfig.class,
  SubscriptionChannelConfig.class
})
public class HapiServer {
  private static final int PORT = Integer.getInteger("port", 8080);
  private static final String BASE = System.getProperty("base", "http://127.0.0.1:" + PORT + "/fhir");
  private static final int DEFAULT_PAGE = 20;
  private static final int LARGEST_PAGE = 200;

  public static void main(String[] arguments) throws Exception {
    var context = new AnnotationConfigApplicationContext(HapiServer.class);
    var web = new ServletContextHandler("/");
    web.addServlet(new ServletHolder(context.getBean(RestfulServer.class)), "/fhir/*");
    var jetty = new Server(new InetSocketAddress("127.0.0.1", PORT));
    jetty.setHandler(web);
    jetty.start();
    jetty.join();
  }

  @Bean
  RestfulServer restfulServer(
      IFhirSystemDao<?, ?> systemDao,
      IJpaSystemProvider systemProvider,
      ResourceProviderFactory resourceProviders,
      JpaStorageSettings settings,
      ISearchParamRegistry searchParameters,
      IValidationSupport validationSupport,
      DatabaseBackedPagingProvider paging,
      IInstanceValidatorModule validator) {
    var server = new RestfulServer(systemDao.getContext());
    server.registerProviders(resourceProviders.createProviders());
    server.registerProvider(systemProvider);
    server.setPagingProvider(paging);
    server.setServerAddressStrategy(new HardcodedServerAddressStrategy(BASE));
    server.setServerConformanceProvider(
        new JpaCapabilityStatementProvider(server, systemDao, settings, searchParameters, validationSupport));
    server.registerInterceptor(new SearchPreferHandlingInterceptor(searchParameters));
    if (Boolean.getBoolean("validate")) {
      var interceptor = new RequestValidatingInterceptor();
      interceptor.setValidatorModules(List.of(validator));
      server.registerInterceptor(interceptor);
    }
    return server;
  }

  @Bean
  JpaStorageSettings storageSettings(FhirContext fhir) {
    // Without this HAPI drops the version of a reference, and a Provenance would no longer say which version it is about.
    fhir.getParserOptions().setDontStripVersionsFromReferencesAtPaths("Provenance.target");
    var settings = new JpaStorageSettings();
    settings.setTreatBaseUrlsAsLocal(Set.of(BASE));
    settings.setEnableTaskBulkImportJobExecution(false); // its job wants libraries that the slim pom leaves out
    return settings;
  }

  @Bean
  DataSource dataSource() {
    var pool = JdbcConnectionPool.create("jdbc:h2:mem:interop;DB_CLOSE_DELAY=-1", "sa", "");
    pool.setMaxConnections(50);
    return pool;
  }

  @Bean
  LocalContainerEntityManagerFactoryBean entityManagerFactory(
      ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings settings, DataSource dataSource) {
    var factory = HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
    factory.setPersistenceUnitName("interop");
    factory.setDataSource(dataSource);
    factory.setJpaPropertyMap(
        Map.of(
            "hibernate.dialect", HapiFhirH2Dialect.class.getName(),
            "hibernate.hbm2ddl.auto", "create",
            "hibernate.jdbc.batch_size", "20",
            "hibernate.search.enabled", "false"));
    return factory;
  }

  @Bean
  JpaTransactionManager transactionManager(EntityManagerFactory factory) {
    return new JpaTransactionManager(factory);
  }

  @Bean
  DatabaseBackedPagingProvider pagingProvider() {
    var provider = new DatabaseBackedPagingProvider();
    provider.setDefaultPageSize(DEFAULT_PAGE);
    provider.setMaximumPageSize(LARGEST_PAGE);
    return provider;
  }

  @Bean
  PartitionSettings partitionSettings() {
    return new PartitionSettings();
  }

  @Bean
  IResourceSupportedSvc resourceSupport(IDaoRegistry registry) {
    return new DaoRegistryResourceSupportedSvc(registry);
  }

  @Bean("myResourceCountsCache") // the name that the CapabilityStatement provider asks for
  ResourceCountCache resourceCounts(IFhirSystemDao<?, ?> systemDao) {
    return ResourceCountCacheUtil.newResourceCountCache(systemDao);
  }

  @Bean
  IStaleSearchDeletingSvc staleSearches() {
    return new StaleSearchDeletingSvcImpl();
  }
}
