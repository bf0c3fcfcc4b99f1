<resource schema="spectra" resdir=".">
  <meta name="creationDate">2026-11-01T00:00:00Z</meta>
  <meta name="title">Test spectra</meta>
  <meta name="description">Stellar spectra from 400 to 700 nm, one FITS binary table each.</meta>
  <meta name="creator.name">ESAP tests</meta>
  <meta name="subject">stellar-spectra</meta>
  <meta name="facility">Test 0.6 m</meta>
  <meta name="instrument">TestSpec</meta>
  <meta name="coverage.waveband">Optical</meta>
  <meta name="productType">spectrum</meta>
  <meta name="ssap.dataSource">pointed</meta>
  <meta name="ssap.creationType">archival</meta>
  <meta name="ssap.testQuery">MAXREC=1</meta>

  <table id="files" onDisk="True" adql="hidden" namePath="//ssap#instance">
    <LOOP listItems="ssa_dateObs ssa_dstitle ssa_targname ssa_length ssa_timeExt ssa_specstart ssa_specend">
      <events><column original="\item"/></events>
    </LOOP>
    <mixin>//products#table</mixin>
    <mixin>//ssap#plainlocation</mixin>
    <mixin>//ssap#simpleCoverage</mixin>
  </table>

  <data id="import">
    <recreateAfter>make_view</recreateAfter>
    <sources pattern="data/*.fits"/>
    <fitsProdGrammar hdu="1" qnd="False">
      <rowfilter procDef="//products#define">
        <bind key="table">"\schema.files"</bind>
        <bind key="mime">"application/fits"</bind>
        <bind key="preview">None</bind>
      </rowfilter>
    </fitsProdGrammar>
    <make table="files">
      <rowmaker idmaps="*">
        <apply procDef="//ssap#fill-plainlocation">
          <bind key="ra">@RA</bind>
          <bind key="dec">@DEC</bind>
          <bind key="aperture">2/3600.</bind>
        </apply>
        <map key="ssa_dateObs">dateTimeToMJD(parseTimestamp(@DATE_OBS, "%Y-%m-%dT%H:%M:%S"))</map>
        <map key="ssa_dstitle">"Spectrum of " + @OBJECT</map>
        <map key="ssa_targname">@OBJECT</map>
        <map key="ssa_length">@NAXIS2</map>
        <map key="ssa_timeExt">@EXPTIME</map>
        <map key="ssa_specstart">@WAVEMIN*1e-9</map>
        <map key="ssa_specend">@WAVEMAX*1e-9</map>
      </rowmaker>
    </make>
  </data>

  <table id="data" onDisk="True" adql="True">
    <meta name="description">One row for each spectrum, as SSA and ObsCore show it</meta>
    <meta name="_associatedDatalinkService">
      <meta name="serviceId">links</meta>
      <meta name="idColumn">ssa_pubDID</meta>
    </meta>
    <mixin sourcetable="files" copiedcolumns="*" ssa_region="ssa_region" ssa_aperture="2/3600."
      ssa_collection="'TestSpectra'" ssa_bandpass="'Optical'" ssa_targclass="'star'"
      ssa_spectralunit="'nm'" ssa_spectralucd="'em.wl'" ssa_speccalib="'ABSOLUTE'"
      ssa_fluxunit="''" ssa_fluxucd="'phot.flux.density;em.wl'" ssa_fluxcalib="'NORMALIZED'"
    >//ssap#view</mixin>
    <mixin calibLevel="2" coverage="ssa_region" oUCD="ssa_fluxucd" emUCD="ssa_spectralucd"
    >//obscore#publishSSAPMIXC</mixin>
  </table>
  <data id="make_view" auto="False"><make table="data"/></data>

  <service id="links" allowed="dlmeta,dlget">
    <meta name="title">Links of the test spectra</meta>
    <datalinkCore>
      <descriptorGenerator procDef="//soda#fromStandardPubDID"/>
    </datalinkCore>
  </service>

  <service id="ssa" allowed="ssap.xml">
    <meta name="shortName">test ssa</meta>
    <meta name="ssap.complianceLevel">full</meta>
    <publish render="ssap.xml" sets="ivo_managed"/>
    <ssapCore queriedTable="data"><FEED source="//ssap#hcd_condDescs"/></ssapCore>
  </service>
</resource>
